/** Parts of the page. */

/** Return the element of an id, which must be of this kind. */
export function part<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/** Name a button for those who see it and those who hear it, with its key; it shows its second drawing if it is on. */
export function name(button: HTMLButtonElement, says: string, key: string, isOn: boolean): void {
  button.setAttribute("aria-label", says);
  button.title = `${says} (${key})`;
  button.classList.toggle("on", isOn);
}
