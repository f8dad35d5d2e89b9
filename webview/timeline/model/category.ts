/** What a drawn rectangle is. The number is stored per item in typed arrays, so the order is part of the store's format. */
export const categories = ['request', 'step', 'nested', 'queue', 'prefill', 'decode', 'llm', 'tool', 'mixed', 'foreign', 'idle', 'error'] as const;
export type CategoryName = (typeof categories)[number];

/** Index of each category by its name. */
export const categoryIndex = Object.fromEntries(categories.map((name, index) => [name, index])) as Record<CategoryName, number>;

/** Set on an item's flags when it was inferred or estimated rather than measured: drawn hatched, with an outline. */
export const FLAG_INFERRED = 1;
/** Set on an item's flags when it was cut off or cancelled: drawn with an open end. */
export const FLAG_CUT = 2;
