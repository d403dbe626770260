// Imported before the element, which looks at its attributes when it is defined.

/** Attributes of the element that the page's address can set. */
const PASSED = ["fit", "stereo", "autoplay", "stats", "vr"] as const;

const query = new URLSearchParams(location.search);
const element = document.querySelector<HTMLElement>("kbvr-photo")!;
for (const name of PASSED) {
  const value = query.get(name);
  if (value !== null) element.setAttribute(name, value);
}
const src = query.get("src");
const isHere = src && URL.canParse(src, location.href) && new URL(src, location.href).origin === location.origin;
if (isHere && !element.hasAttribute("src")) element.setAttribute("src", src);
if (window.parent !== window) element.style.touchAction = "pan-y"; // a finger scrolls the embedding page
