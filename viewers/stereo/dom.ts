/** Parts of the page. */

/** Return the element with an id, which must be of this type. */
export function part<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/** Label a button for tooltips and screen readers, with its key; if it is on, it shows its second icon. */
export function name(button: HTMLButtonElement, label: string, key: string, isOn: boolean): void {
  button.setAttribute("aria-label", label);
  button.title = `${label} (${key})`;
  button.classList.toggle("on", isOn);
}

/** Return a time as minutes and seconds, with hours if there are any. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–:––";
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor) as [number, number, number];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
