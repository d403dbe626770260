import { isPublic } from "./address";

/** How this page can be shared: its link or a picture through the system, its link through the clipboard, or not at all. */
export type Way = "link" | "picture" | "copy" | null;

export function wayToShare(): Way {
  if (isPublic()) {
    if (typeof navigator.share === "function") return "link";
    return isSecureContext ? "copy" : null; // the clipboard needs one
  }
  const picture = new File([], "picture.png", { type: "image/png" });
  return navigator.canShare?.({ files: [picture] }) ? "picture" : null;
}

/** Share the page or a picture of the view; return what has been done if the system does not show it. */
export async function share(way: Way, picture: () => Promise<File>): Promise<string> {
  const { title } = document;
  try {
    if (way === "link") await navigator.share({ title, url: location.href });
    else if (way === "picture") await navigator.share({ title, files: [await picture()] });
    else if (way === "copy") {
      await navigator.clipboard.writeText(location.href);
      return "Link copied";
    }
    return "";
  } catch (error) {
    if ((error as Error).name === "AbortError") return ""; // the person has changed their mind
    return way === "copy" ? "This browser does not let the page copy its link" : "This browser could not share it";
  }
}
