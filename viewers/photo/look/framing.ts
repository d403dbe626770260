/** How the photo fits into the element; see `framed`. */
export const FITS = ["auto", "contain", "cover", "subject"] as const;
export type Fit = (typeof FITS)[number];

/** A rectangle in pixels of the photo, y down; it may reach beyond the photo's border. */
export interface Frame {
  /** Its middle. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Left, top, right, bottom, in pixels of the photo. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];
export type Size = readonly [width: number, height: number];

/** Largest mismatch of the element's and the photo's shapes at which the photo is cropped to fill the element. */
const CROPPED_MAX = 1.4;
/** Share of the photo's long side, for the element's shape, that is shown at a larger mismatch. */
const SHOWN_SHARE = 0.78;
/** Space around the subject, as a share of its longer side. */
const PADDING = 0.05;
const SUBJECT_PADDING = 0.15;
/** Height above a subject that is higher than the frame, as a share of the frame's (kbvr/plan/aspect.py). */
const HEADROOM = 0.1;
/** Largest enlargement of the frame that fills the element. */
const ENLARGED_MAX = 4;

function within(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}

/** Return the widths of the largest frame within the photo, and of the smallest frame around it. */
export function widthsFor([width, height]: Size, aspect: number): { cover: number; contain: number } {
  return { cover: Math.min(width, height * aspect), contain: Math.max(width, height * aspect) };
}

/** Return the smallest and the largest width that a frame may be zoomed to. */
export function zoomRange(size: Size, aspect: number): readonly [min: number, max: number] {
  const { cover, contain } = widthsFor(size, aspect);
  return [cover / ENLARGED_MAX, contain];
}

/** Return a frame moved so that it shows no more of what is beyond the photo's border than it must. */
export function placed(frame: Frame, [width, height]: Size): Frame {
  const along = (middle: number, length: number, whole: number) =>
    length >= whole ? whole / 2 : within(middle, length / 2, whole - length / 2);
  return { ...frame, x: along(frame.x, frame.width, width), y: along(frame.y, frame.height, height) };
}

/** Return a box with space around it, within the photo. */
function padded([left, top, right, bottom]: Box, [width, height]: Size, share: number): Box {
  const space = share * Math.max(right - left, bottom - top);
  return [
    Math.max(0, left - space),
    Math.max(0, top - space),
    Math.min(width, right + space),
    Math.min(height, bottom + space),
  ];
}

/**
 * Return what an element of this aspect shows of a photo:
 * - cover: as much of the photo as fills the element, with the subject in the middle as far as possible;
 * - contain: the whole photo;
 * - subject: the subject with some space around it;
 * - auto: the whole subject, and the photo cropped by less the more its shape differs from the element's.
 */
export function framed(size: Size, subject: Box | null, aspect: number, fit: Fit): Frame {
  const { cover, contain } = widthsFor(size, aspect);
  const needed = (share: number) => {
    const [left, top, right, bottom] = padded(subject ?? [0, 0, 0, 0], size, share);
    return Math.min(contain, Math.max(right - left, (bottom - top) * aspect));
  };
  const isSimilar = contain <= CROPPED_MAX * cover;
  const auto = isSimilar ? cover : SHOWN_SHARE * contain;
  const widths = {
    auto: () => Math.max(auto, needed(isSimilar ? 0 : PADDING)),
    contain: () => contain,
    cover: () => cover,
    subject: () => (subject ? Math.max(needed(SUBJECT_PADDING), (2 * cover) / ENLARGED_MAX) : auto),
  };
  const width = widths[fit]();
  const height = width / aspect;
  const [left, top, right, bottom] = subject ?? [0, 0, ...size];
  const isHigher = subject !== null && bottom - top > height;
  const y = isHigher ? top + (0.5 - HEADROOM) * height : (top + bottom) / 2;
  return placed({ x: (left + right) / 2, y, width, height }, size);
}
