const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?/;

const MONTH = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "long", timeZone: "UTC" });
const DAY = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });

/** Return a date, an ISO 8601 text, for people: as precise as it is. */
export function dateInWords(iso: string): string {
  const [, year, month, day] = DATE.exec(iso) ?? [];
  if (!month) return year ?? iso;
  const date = new Date(`${year}-${month}-${day ?? "01"}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? iso : (day ? DAY : MONTH).format(date);
}

/** Return the year; "" without a date. */
export function yearOf(iso: string): string {
  return DATE.test(iso) ? iso.slice(0, 4) : "";
}

/** A kind of period: what dates in the same one have in common, "" without a date, and that in words. */
export interface Period {
  readonly of: (iso: string) => string;
  readonly inWords: (period: string) => string;
}

/** Months, years and decades. */
export const PERIODS: readonly Period[] = [
  { of: (iso) => (DATE.test(iso) ? iso.slice(0, 7) : ""), inWords: dateInWords },
  { of: yearOf, inWords: (year) => year },
  { of: (iso) => yearOf(iso).slice(0, 3), inWords: (decade) => `${decade}0s` },
];
