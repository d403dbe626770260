/** What a person has chosen, kept in this browser's localStorage for the next file and the next visit. */

import { SPEEDS } from "./speeds";
import { VIEWS, type ViewName } from "./views";

/** Only what was chosen is there. The eye swap is not: it belongs to one file. */
export interface Remembered {
  readonly view?: ViewName;
  readonly isLoop?: boolean;
  readonly speed?: number;
  readonly wiggleSpeed?: number;
  readonly isMuted?: boolean;
  /** 0 to 1. */
  readonly volume?: number;
}

const KEY = "kbvr-player";

const isTrueOrFalse = (value: unknown): boolean => typeof value === "boolean";
const isSpeed = (value: unknown): boolean => SPEEDS.includes(value as number);

const IS_VALID: Readonly<Record<keyof Remembered, (value: unknown) => boolean>> = {
  view: (value) => typeof value === "string" && Object.hasOwn(VIEWS, value),
  isLoop: isTrueOrFalse,
  speed: isSpeed,
  wiggleSpeed: isSpeed,
  isMuted: isTrueOrFalse,
  volume: (value) => typeof value === "number" && value >= 0 && value <= 1,
};

/** Where the browser has no storage, or refuses it, choices last as long as the page. */
export class Memory {
  private choices: Remembered = stored();

  get remembered(): Remembered {
    return this.choices;
  }

  keep(some: Remembered): void {
    this.choices = { ...this.choices, ...some };
    quietly(() => localStorage.setItem(KEY, JSON.stringify(this.choices)));
  }

  forget(): void {
    this.choices = {};
    quietly(() => localStorage.removeItem(KEY));
  }
}

function stored(): Remembered {
  const text = quietly(() => localStorage.getItem(KEY));
  const found: unknown = text ? quietly(() => JSON.parse(text)) : null;
  const valid = Object.entries(IS_VALID).flatMap(([name, isValid]) => {
    const value: unknown = (found as Record<string, unknown> | null)?.[name];
    return isValid(value) ? [[name, value]] : [];
  });
  return Object.fromEntries(valid) as Remembered;
}

/** Private windows, blocked cookies and full disks throw. */
function quietly<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch {
    return null;
  }
}
