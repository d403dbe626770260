const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** Return the index that a key leads to; null for other keys. */
function reached(key: string, at: number, count: number): number | null {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = STEPS[key];
  return step ? (at + step + count) % count : null;
}

/**
 * Move the focus between the items of a group by arrow keys, Home and End: elements with `data-item`, of which one has
 * tabIndex 0. An item that is a radio button or a tab is chosen by reaching it.
 */
export function rove(event: KeyboardEvent): void {
  const group = event.currentTarget as HTMLElement;
  const items = [...group.querySelectorAll<HTMLElement>("[data-item]:not(:disabled)")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = reached(event.key, at, items.length);
  if (to === null) return;
  event.preventDefault();
  event.stopPropagation();
  const item = items[to]!;
  item.focus();
  if (["radio", "tab"].includes(item.getAttribute("role") ?? "")) item.click();
}

/** Return whether a person is writing, so that letters are no shortcuts. */
export function isWriting(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (target instanceof HTMLInputElement) return !["range", "checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLElement && target.matches("select, textarea, [contenteditable]");
}
