/** Keyboard shortcuts. */

export type KeyMap = Readonly<Record<string, () => void>>;

/** Run the action of a key, unless the focused element uses that key. */
export function press(event: KeyboardEvent, keys: KeyMap): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target, key } = event;
  if (target instanceof HTMLSelectElement && key !== "Escape") return;
  if (target instanceof HTMLInputElement && target.id !== "position" && /^(Arrow|Home|End)/.test(key)) return;
  if ((target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement) && (key === " " || key === "Enter")) return;
  const plain = key.length === 1 ? key.toLowerCase() : key;
  const action = keys[event.shiftKey && key.startsWith("Arrow") ? `Shift+${key}` : plain];
  if (!action) return;
  event.preventDefault();
  action();
}
