/** Return the file name in an address, for people. */
export function nameIn(address: string): string {
  const name = new URL(address, document.baseURI).pathname.split("/").pop() || address;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // an unescaped percent sign
  }
}
