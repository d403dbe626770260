/** Files that people drop on the page or choose. */

import { part } from "./dom";

/** Let people choose a file. */
export function choose(): void {
  part("file", HTMLInputElement).click();
}

/** Open files that are dropped or chosen. */
export function receive(open: (file: File) => void): void {
  const page = document.documentElement;
  const input = part("file", HTMLInputElement);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    page.classList.add("dropping");
  });
  addEventListener("dragleave", () => page.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    page.classList.remove("dropping");
    const dropped = event.dataTransfer?.files[0];
    if (dropped) open(dropped);
  });
  input.onchange = () => {
    const chosen = input.files?.[0];
    if (chosen) open(chosen);
    input.value = "";
  };
  document.querySelectorAll<HTMLButtonElement>("[data-opens]").forEach((button) => (button.onclick = choose));
}
