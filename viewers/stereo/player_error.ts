/** Something that the person at the page can do something about; the message says what, in words. */
export class PlayerError extends Error {}
