import { isFileHere, qrPath } from "./address";
import { made } from "./made";

const SECURE = "Headsets show 3D only on pages that come over HTTPS.";
const ASK =
  "Ask the owner of this page for its address that begins with https://, and open that in the browser of your headset.";

/** Return what to do to see this page in a headset, for a device that has none. */
export function vrAdvice(said: (text: string) => void): HTMLElement[] {
  if (location.protocol === "https:") return address(said);
  return isFileHere() ? commands() : [made("p", "", `${SECURE} ${ASK}`)];
}

/** For a page that headsets can open: they require HTTPS. */
function address(said: (text: string) => void): HTMLElement[] {
  const parts: HTMLElement[] = [made("p", "", "Open this address in the browser of your headset:")];
  const qr = qrPath();
  if (qr) {
    const code = made("img", "qr");
    code.src = qr;
    code.alt = "QR code of the address below";
    parts.push(code);
  }
  parts.push(made("p", "address", location.href));
  if (navigator.clipboard) {
    const copy = made("button", "filled", "Copy the address");
    copy.type = "button";
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href).then(
        () => said("Address copied"),
        () => said("This browser does not let the page copy its address"),
      );
    });
    parts.push(copy);
  }
  return parts;
}

/** For who has the file. */
function commands(): HTMLElement[] {
  return [
    made("p", "", `${SECURE} On the computer with this file, run:`),
    code("kbvr view --lan FILE"),
    made("p", "", "Then open the address that it prints in the browser of your headset. Both need the same network."),
    made("p", "", "--lan requires more packages. To install them, run:"),
    code("pip install 'kbvr[lan]'"),
  ];
}

function code(text: string): HTMLElement {
  const line = made("p");
  line.append(made("code", "", text));
  return line;
}
