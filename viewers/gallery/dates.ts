const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?/;

/** Return a date, an ISO 8601 text, for people: as precise as it is. */
export function dateInWords(iso: string): string {
  const parts = DATE.exec(iso);
  if (!parts) return iso;
  const [, year, month, day] = parts;
  if (!month) return year!;
  const style: Intl.DateTimeFormatOptions = { year: "numeric", month: "long", timeZone: "UTC", ...(day && { day: "numeric" }) };
  const date = new Date(`${year}-${month}-${day ?? "01"}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? iso : new Intl.DateTimeFormat("en-GB", style).format(date);
}

/** Return the year; "" without a date. */
export function yearOf(iso: string): string {
  return DATE.exec(iso)?.[1] ?? "";
}

/** Returns a period that a date is in, in words; "" without a date. */
export type Period = (iso: string) => string;

/** Months, years and decades. */
export const PERIODS: readonly Period[] = [
  (iso) => dateInWords(iso.slice(0, 7)),
  yearOf,
  (iso) => yearOf(iso) && `${yearOf(iso).slice(0, 3)}0s`,
];
