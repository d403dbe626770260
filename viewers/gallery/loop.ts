import { element } from "./dom";

const VIDEO = /\.(mp4|webm)$/i;

/**
 * A loop that shows a photo in motion: a short video, or an animated picture. It is loaded when it first plays, and covers its
 * frame, whose class is "moving", once it has something to show.
 */
export class Loop {
  readonly #media: HTMLVideoElement | HTMLImageElement;

  constructor(
    private readonly address: string,
    private readonly frame: HTMLElement,
  ) {
    const appear = () => frame.classList.add("moving");
    if (VIDEO.test(address)) {
      const video = element("video", "loop", { muted: true, loop: true, playsInline: true, disablePictureInPicture: true });
      video.addEventListener("playing", appear);
      this.#media = video;
    } else {
      this.#media = element("img", "loop", { alt: "", draggable: false });
      this.#media.addEventListener("load", appear);
    }
    this.#media.setAttribute("aria-hidden", "true");
    frame.append(this.#media);
  }

  play(): void {
    if (!this.#media.hasAttribute("src")) this.#media.src = this.address;
    // refused where the browser saves power, or interrupted by a pause: then the picture stands still
    if (this.#media instanceof HTMLVideoElement) this.#media.play().catch(() => undefined);
  }

  /** Stand still; an animated picture, which cannot, makes way for the photo. */
  pause(): void {
    if (this.#media instanceof HTMLVideoElement) this.#media.pause();
    else this.#unload();
  }

  /** Leave the page, and load no further. */
  remove(): void {
    this.pause();
    this.#unload();
    if (this.#media instanceof HTMLVideoElement) this.#media.load();
    this.#media.remove();
  }

  #unload(): void {
    this.#media.removeAttribute("src");
    this.frame.classList.remove("moving");
  }
}
