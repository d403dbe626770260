/** What `kbvr view` writes into its pages: the path of the QR code of their address, or nothing if only this machine can open them. */
const MARK = 'meta[name="kbvr-view"]';

/** Return the path of a QR code of this page's address, if its server has one. */
export function qrPath(): string | null {
  return document.querySelector<HTMLMetaElement>(MARK)?.content || null;
}

/** Return whether who sees this page has its file: it comes from a disk, from this machine, or from `kbvr view`. */
export function isFileHere(): boolean {
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(location.hostname);
  return location.protocol === "file:" || isHere || document.querySelector(MARK) !== null;
}

/**
 * Return whether others can open this page's address.
 *
 * They cannot if it comes from a disk or a sandbox, from this machine, or from `kbvr view`, whose address is a secret of
 * its owner.
 */
export function isPublic(): boolean {
  return /^https?:$/.test(location.protocol) && origin !== "null" && !isFileHere();
}
