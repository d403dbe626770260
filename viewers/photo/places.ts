/** Browsers take the canvas from the oldest scene of more than 16, at least; other parts of a page may draw, too. */
const MOST = 12;

/** Places that are taken, the one used last at the end. */
const taken = new Set<Place>();

/** What an element needs to draw its scene. A page has only some, so that scenes that nobody uses make room for others. */
export class Place {
  /** `canLeave`: whether the scene may go at all. `left` is called when another scene has taken the place. */
  constructor(
    private readonly isInSight: () => boolean,
    private readonly canLeave: () => boolean,
    private readonly left: () => void,
  ) {}

  /** Return whether there is a place. A scene that a person asks for gets that of a scene in sight, if need be. */
  take(isAsked: boolean): boolean {
    if (!taken.has(this) && taken.size >= MOST) {
      const others = [...taken].filter((place) => place.canLeave());
      const other = others.find((place) => !place.isInSight()) ?? (isAsked ? others[0] : undefined);
      if (!other) return false;
      other.leave();
      other.left();
    }
    taken.delete(this);
    taken.add(this);
    return true;
  }

  leave(): void {
    taken.delete(this);
  }
}
