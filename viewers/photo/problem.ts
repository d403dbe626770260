/** What went wrong, in words for the person who looks at the page. */
export class Problem extends Error {}
