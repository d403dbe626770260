/** Keyboard shortcuts. */

export type KeyMap = Readonly<Record<string, () => void>>;

/** Run the action of a key, unless the focused element uses that key. */
export function press(event: KeyboardEvent, keys: KeyMap): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  if (target instanceof HTMLSelectElement) return;
  if (target instanceof HTMLInputElement && event.key.startsWith("Arrow")) return;
  if (target instanceof HTMLButtonElement && event.key === " ") return;
  const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
}
