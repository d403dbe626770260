/** The list of scenes that a server names in this page. */

interface Chosen {
  readonly src: string;
  readonly name: string;
}

/** Offer the server's scenes in the headset; afterwards the page's address and title are those of the scene chosen there. */
export function offerGallery(photo: HTMLElement): void {
  const list = document.querySelector<HTMLMetaElement>('meta[name="kbvr-gallery"]')?.content;
  if (!list) return;
  photo.setAttribute("gallery", list);
  photo.addEventListener("choose", (event) => {
    const { src, name } = (event as CustomEvent<Chosen>).detail;
    const here = new URL(location.href);
    const folder = new URL(".", here).href;
    here.searchParams.set("src", src.startsWith(folder) ? src.slice(folder.length) : src);
    history.replaceState(null, "", here.href.replaceAll("%2F", "/"));
    document.title = `${name} – kbvr`;
  });
}
