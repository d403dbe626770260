/** Picture files that move: GIF, WebP, AVIF and PNG with several frames. */

export interface Animation {
  isPlaying: boolean;
  /** Relative to the file's own speed. */
  speed: number;
  /** Begin at the first frame, and give each one at its time, over and over, until it is stopped. */
  start(show: (frame: VideoFrame) => void): void;
  stop(): void;
}

/** Shortest time of a frame; browsers show shorter ones for 100 ms. */
const MIN_FRAME_MS = 11;
const SHORT_FRAME_MS = 100;

/** Return the animation in a file; null if it has one frame, or the browser cannot decode it piece by piece. */
export async function animationIn(blob: Blob): Promise<Animation | null> {
  if (typeof ImageDecoder !== "function") return null;
  const data = await blob.arrayBuffer();
  const type = typeOf(new Uint8Array(data, 0, Math.min(data.byteLength, 12)));
  if (!type || !(await ImageDecoder.isTypeSupported(type))) return null;
  const decoder = new ImageDecoder({ data, type });
  try {
    await decoder.tracks.ready;
    const frames = decoder.tracks.selectedTrack?.frameCount ?? 1;
    if (frames > 1) return new Frames(decoder, frames);
  } catch (error) {
    console.info("The animation cannot be read:", error);
  }
  decoder.close();
  return null;
}

class Frames implements Animation {
  isPlaying = true;
  speed = 1;
  private isStopped = false;

  constructor(
    private readonly decoder: ImageDecoder,
    private readonly frames: number,
  ) {}

  start(show: (frame: VideoFrame) => void): void {
    void this.play(show).catch((error: unknown) => {
      if (!this.isStopped) console.info("The animation ends:", error);
    });
  }

  stop(): void {
    this.isStopped = true;
    this.decoder.close();
  }

  private async play(show: (frame: VideoFrame) => void): Promise<void> {
    for (let index = 0; !this.isStopped; index = (index + 1) % this.frames) {
      const { image } = await this.decoder.decode({ frameIndex: index });
      const lengthMs = (image.duration ?? 0) / 1000;
      show(image);
      image.close();
      await pause((lengthMs < MIN_FRAME_MS ? SHORT_FRAME_MS : lengthMs) / this.speed);
      while (!this.isPlaying && !this.isStopped) await pause(SHORT_FRAME_MS);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Return the MIME type of a file's first bytes, which need not agree with its name. */
function typeOf(head: Uint8Array): string | null {
  const text = String.fromCharCode(...head);
  if (text.startsWith("GIF8")) return "image/gif";
  if (text.startsWith("\x89PNG")) return "image/png";
  if (text.startsWith("RIFF") && text.endsWith("WEBP")) return "image/webp";
  return text.slice(4, 8) === "ftyp" ? "image/avif" : null;
}
