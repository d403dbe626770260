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
