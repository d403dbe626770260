/** An error with a message for the viewer of the page. */
export class Problem extends Error {}
