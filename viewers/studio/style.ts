/** Add style to the page; not by a style element, which a content security policy may forbid. */
export function adopt(...sheets: readonly string[]): void {
  const made = sheets.map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...made];
}
