/** Unit names for numbers. They document; they do not convert. */
export type Milliseconds = number;
export type Nanoseconds = number;
export type Joules = number;
export type WattHours = number;
export type Watts = number;
export type Tokens = number;
export type Bytes = number;
export type UsDollars = number;
/** A share between 0 and 1. */
export type Ratio = number;

export const JOULES_PER_WATT_HOUR = 3600;

/** Energy of a constant power held for a time. */
export function wattHours(power: Watts, duration: Milliseconds): WattHours {
  return (power * duration) / 1000 / JOULES_PER_WATT_HOUR;
}
