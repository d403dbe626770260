import { effect, signal } from "@preact/signals";

const KEY = "kbvr-theme";
type Theme = "light" | "dark";

/** What a person chose; null for that of the system. */
const chosen = signal<Theme | null>(stored());
const system = matchMedia("(prefers-color-scheme: dark)");
const isSystemDark = signal(system.matches);
system.addEventListener("change", () => (isSystemDark.value = system.matches));

function stored(): Theme | null {
  try {
    const text = localStorage.getItem(KEY);
    return text === "light" || text === "dark" ? text : null;
  } catch {
    return null; // a browser that keeps nothing
  }
}

export function isDark(): boolean {
  return chosen.value ? chosen.value === "dark" : isSystemDark.value;
}

export function toggleTheme(): void {
  const theme = isDark() ? "light" : "dark";
  chosen.value = (theme === "dark") === isSystemDark.value ? null : theme;
  try {
    if (chosen.value) localStorage.setItem(KEY, chosen.value);
    else localStorage.removeItem(KEY);
  } catch {
    // it lasts as long as the page
  }
}

effect(() => {
  if (chosen.value) document.documentElement.dataset["theme"] = chosen.value;
  else delete document.documentElement.dataset["theme"];
});
