/** What the page says over the picture: messages, and how much of a file has loaded. */

import { Problem } from "../shared/problem";
import { part } from "./dom";

const BRIEF_MS = 4000;

let leaving = 0;

/** Show a text until the next one; an empty text removes it. */
export function say(text: string): void {
  clearTimeout(leaving);
  const said = document.querySelector("#said p");
  if (said) said.textContent = text;
}

/** Show a text for a while. */
export function sayBriefly(text: string): void {
  say(text);
  leaving = setTimeout(() => say(""), BRIEF_MS);
}

/** Show the loaded share of a file, 0 to 1; null when it is there. */
export function progress(share: number | null): void {
  const bar = part("progress", HTMLElement);
  bar.hidden = share === null;
  bar.style.setProperty("--share", String(share ?? 0));
  bar.setAttribute("aria-valuenow", String(Math.round(100 * (share ?? 0))));
}

/** Return the text of an error for people. */
export function wordsOf(error: unknown): string {
  if (error instanceof Problem) return error.message;
  console.error(error);
  return `Something went wrong: ${String(error)}`;
}
