/** What the made-up catalogue is put together from. */

export interface ProductKind {
  /** What it is called, and what one searches for. */
  name: string;
  /** As on the shop's shelves, from the wide to the narrow. */
  shelves: string;
  /** US dollars. */
  price: [from: number, to: number];
  options: readonly OptionName[];
  /** Besides those of its department. */
  attributes: readonly string[];
}

export interface Department {
  name: string;
  attributes: readonly string[];
  /** For whom or where, at the end of titles. */
  purposes: readonly string[];
  kinds: readonly ProductKind[];
}

export const OPTIONS = {
  color: ['black', 'white', 'navy', 'red', 'green', 'grey', 'pink', 'purple', 'brown', 'beige', 'orange', 'yellow', 'teal', 'burgundy', 'light blue', 'dark green', 'silver', 'gold'],
  size: ['x-small', 'small', 'medium', 'large', 'x-large', 'xx-large', '3x-large'],
  'shoe size': ['6', '6.5', '7', '7.5', '8', '8.5', '9', '9.5', '10', '10.5', '11', '12'],
  flavor: ['vanilla', 'chocolate', 'strawberry', 'salted caramel', 'lemon', 'peanut butter', 'cinnamon', 'mango', 'sea salt', 'smoky barbecue'],
  scent: ['lavender', 'rose', 'unscented', 'coconut', 'citrus', 'sandalwood', 'eucalyptus', 'green tea'],
  'item length': ['3 feet', '6 feet', '10 feet', '15 feet', '25 feet'],
  'pack size': ['pack of 1', 'pack of 2', 'pack of 3', 'pack of 6', 'pack of 12'],
  capacity: ['32gb', '64gb', '128gb', '256gb', '512gb', '1tb'],
  style: ['classic', 'modern', 'rustic', 'compact', 'deluxe'],
} as const;
export type OptionName = keyof typeof OPTIONS;

const kind = (name: string, shelves: string, from: number, to: number, options: OptionName[], ...attributes: string[]): ProductKind => ({ name, shelves, price: [from, to], options, attributes });

export const DEPARTMENTS: readonly Department[] = [
  {
    name: 'fashion',
    attributes: ['lightweight', 'breathable', 'quick drying', 'comfortable fit', 'everyday wear', 'imported', 'wear resistant', 'classic design', 'easy care', 'skin friendly', 'odor resistant', 'gift ready'],
    purposes: ['for men', 'for women', 'for teen girls', 'for boys', 'for work', 'for travel', 'for winter'],
    kinds: [
      kind('running shoes', 'Clothing, Shoes & Jewelry › Shoes › Athletic', 28, 140, ['color', 'shoe size'], 'rubber sole', 'memory foam', 'arch support', 'non slip'),
      kind('hiking boots', 'Clothing, Shoes & Jewelry › Shoes › Outdoor', 45, 190, ['color', 'shoe size'], 'water resistant', 'rubber sole', 'steel toe', 'ankle support'),
      kind('sandals', 'Clothing, Shoes & Jewelry › Shoes › Sandals', 12, 80, ['color', 'shoe size'], 'open toe', 'rubber sole', 'ankle strap', 'arch support'),
      kind('polo shirt', 'Clothing, Shoes & Jewelry › Shirts › Polos', 12, 60, ['color', 'size'], 'stretch fabric', 'wrinkle free', 'short sleeve', 'slim fit', 'cotton blend'),
      kind('dress shirt', 'Clothing, Shoes & Jewelry › Shirts › Dress Shirts', 18, 85, ['color', 'size'], 'wrinkle free', 'french cuffs', 'long sleeve', 'slim fit', 'button closure'),
      kind('hoodie', 'Clothing, Shoes & Jewelry › Hoodies & Sweatshirts › Hoodies', 18, 75, ['color', 'size'], 'fleece lined', 'drawstring closure', 'kangaroo pocket', 'machine washable', 'relaxed fit'),
      kind('rain jacket', 'Clothing, Shoes & Jewelry › Jackets & Coats › Rainwear', 30, 160, ['color', 'size'], 'water resistant', 'packable', 'wind proof'),
      kind('yoga leggings', 'Clothing, Shoes & Jewelry › Active › Leggings', 14, 60, ['color', 'size'], 'high waist', 'tummy control', 'four way stretch', 'moisture wicking', 'machine washable'),
      kind('cargo shorts', 'Clothing, Shoes & Jewelry › Shorts › Cargo', 15, 55, ['color', 'size'], 'drawstring waist', 'zipper pockets', 'elastic waist', 'machine washable'),
      kind('wrist watch', 'Clothing, Shoes & Jewelry › Watches › Wrist Watches', 20, 230, ['color', 'style'], 'stainless steel', 'water resistant', 'quartz movement'),
    ],
  },
  {
    name: 'electronics',
    attributes: ['easy to use', 'easy install', 'fast charging', 'plug and play', 'high speed', 'long lasting', 'high definition', 'energy saving', 'heavy duty', 'wireless', 'compact size', 'low noise', 'usb c', 'carrying case included'],
    purposes: ['for home office', 'for gaming', 'for travel', 'for laptops', 'for tablets', 'for kids', 'for phones'],
    kinds: [
      kind('bluetooth headphones', 'Electronics › Headphones › Over-Ear', 22, 260, ['color'], 'noise cancelling', 'hands free', 'stereo sound', 'deep bass'),
      kind('bluetooth speaker', 'Electronics › Portable Audio › Speakers', 18, 180, ['color', 'style'], 'water proof', 'stereo sound', 'deep bass'),
      kind('usb flash drive', 'Electronics › Computers & Accessories › Storage', 6, 90, ['capacity', 'color'], 'key chain', 'password protected'),
      kind('memory card', 'Electronics › Computers & Accessories › Memory Cards', 7, 120, ['capacity'], 'shock proof', 'adapter included'),
      kind('hdmi cable', 'Electronics › Accessories › Video Cables', 6, 45, ['item length', 'color'], 'gold plated', 'ultra hd', 'braided'),
      kind('charging cable', 'Electronics › Accessories › Power Cables', 5, 30, ['item length', 'color'], 'braided', 'tangle free'),
      kind('wireless mouse', 'Electronics › Computers & Accessories › Mice', 9, 95, ['color'], 'ergonomic', 'silent click', 'rechargeable'),
      kind('mechanical keyboard', 'Electronics › Computers & Accessories › Keyboards', 30, 190, ['color', 'style'], 'backlit keys', 'hot swappable', 'ergonomic'),
      kind('security camera', 'Electronics › Camera & Photo › Surveillance', 25, 220, ['pack size', 'color'], 'motion detection', 'night vision', 'two way audio'),
      kind('phone case', 'Electronics › Cell Phone Accessories › Cases', 7, 45, ['color', 'style'], 'shock proof', 'wireless charging', 'screen protector included'),
    ],
  },
  {
    name: 'beauty',
    attributes: ['cruelty free', 'paraben free', 'sulfate free', 'fragrance free', 'alcohol free', 'long lasting', 'natural ingredients', 'travel size', 'dermatologist tested', 'oil free', 'anti aging', 'plant based', 'easy to apply'],
    purposes: ['for sensitive skin', 'for dry skin', 'for curly hair', 'for dry hair', 'for men', 'for women', 'for daily use'],
    kinds: [
      kind('shampoo', 'Beauty & Personal Care › Hair Care › Shampoo', 6, 45, ['scent', 'pack size'], 'color safe', 'argan oil', 'tea tree oil'),
      kind('hair conditioner', 'Beauty & Personal Care › Hair Care › Conditioner', 6, 45, ['scent', 'pack size'], 'argan oil', 'coconut oil', 'leave in'),
      kind('body lotion', 'Beauty & Personal Care › Skin Care › Body', 6, 50, ['scent', 'pack size'], 'shea butter', 'hyaluronic acid', 'fast absorbing'),
      kind('face serum', 'Beauty & Personal Care › Skin Care › Face', 10, 80, ['pack size'], 'hyaluronic acid', 'vitamin c', 'fine lines'),
      kind('lip balm', 'Beauty & Personal Care › Makeup › Lips', 3, 22, ['flavor', 'pack size'], 'shea butter', 'sun protection'),
      kind('lipstick', 'Beauty & Personal Care › Makeup › Lips', 5, 38, ['color'], 'matte finish', 'smudge proof', 'high pigment'),
      kind('deodorant stick', 'Beauty & Personal Care › Deodorants › Sticks', 4, 26, ['scent', 'pack size'], 'aluminum free', 'stain free'),
      kind('electric toothbrush', 'Beauty & Personal Care › Oral Care › Toothbrushes', 20, 160, ['color', 'pack size'], 'rechargeable', 'teeth whitening', 'soft bristles'),
      kind('makeup brush set', 'Beauty & Personal Care › Tools & Accessories › Brushes', 8, 60, ['color', 'style'], 'synthetic hair', 'storage case'),
      kind('scented candle', 'Beauty & Personal Care › Fragrance › Candles', 8, 48, ['scent', 'pack size'], 'soy wax', 'lead free', 'slow burning'),
    ],
  },
  {
    name: 'grocery',
    attributes: ['gluten free', 'non gmo', 'low sugar', 'sugar free', 'dairy free', 'kosher certified', 'low sodium', 'high protein', 'individually wrapped', 'resealable bag', 'artificial colors free', 'certified organic', 'keto friendly', 'low carb'],
    purposes: ['for breakfast', 'for baking', 'for school lunches', 'for hiking', 'for gifts', 'for parties'],
    kinds: [
      kind('protein bars', 'Grocery & Gourmet Food › Snacks › Bars', 9, 48, ['flavor', 'pack size'], 'soy free', 'nut free'),
      kind('granola', 'Grocery & Gourmet Food › Breakfast › Granola', 6, 38, ['flavor', 'pack size'], 'whole grain', 'old fashioned'),
      kind('trail mix', 'Grocery & Gourmet Food › Snacks › Nuts & Mixes', 7, 42, ['flavor', 'pack size'], 'dried fruit', 'lightly salted'),
      kind('ground coffee', 'Grocery & Gourmet Food › Beverages › Coffee', 8, 45, ['flavor', 'pack size'], 'dark roast', 'medium roast', 'fair trade'),
      kind('herbal tea', 'Grocery & Gourmet Food › Beverages › Tea', 5, 32, ['flavor', 'pack size'], 'caffeine free', 'loose leaf'),
      kind('hot sauce', 'Grocery & Gourmet Food › Sauces › Hot Sauce', 4, 28, ['flavor', 'pack size'], 'extra spicy', 'hand crafted'),
      kind('potato chips', 'Grocery & Gourmet Food › Snacks › Chips', 4, 36, ['flavor', 'pack size'], 'kettle cooked', 'lightly salted'),
      kind('almond butter', 'Grocery & Gourmet Food › Spreads › Nut Butters', 7, 34, ['flavor', 'pack size'], 'stone ground', 'no stir'),
      kind('dark chocolate', 'Grocery & Gourmet Food › Candy & Chocolate › Bars', 4, 40, ['flavor', 'pack size'], 'fair trade', 'single origin'),
      kind('pasta', 'Grocery & Gourmet Food › Pantry › Pasta', 5, 36, ['style', 'pack size'], 'whole grain', 'bronze cut'),
    ],
  },
  {
    name: 'garden',
    attributes: ['easy assemble', 'easy clean', 'space saving', 'heavy duty', 'eco friendly', 'solid wood', 'steel frame', 'stainless steel', 'non slip', 'mid century', 'storage space', 'fade resistant', 'weather resistant', 'assembly required'],
    purposes: ['for living room', 'for dining room', 'for bedroom', 'for patio', 'for small spaces', 'for office'],
    kinds: [
      kind('coffee table', 'Home & Kitchen › Furniture › Tables', 55, 420, ['color', 'style'], 'tempered glass', 'lift top'),
      kind('book shelf', 'Home & Kitchen › Furniture › Bookcases', 40, 310, ['color', 'style'], 'wall mounted', 'adjustable shelves'),
      kind('desk lamp', 'Home & Kitchen › Lighting › Lamps', 15, 110, ['color', 'style'], 'dimmable', 'energy efficient', 'usb port'),
      kind('area rug', 'Home & Kitchen › Rugs › Area Rugs', 25, 330, ['color', 'size'], 'machine washable', 'stain resistant'),
      kind('curtains', 'Home & Kitchen › Window Treatments › Curtains', 15, 90, ['color', 'item length'], 'machine washable', 'thermal insulated', 'light blocking'),
      kind('throw pillow covers', 'Home & Kitchen › Bedding › Pillow Covers', 8, 40, ['color', 'pack size'], 'machine washable', 'hidden zipper', 'super soft'),
      kind('bar stools', 'Home & Kitchen › Furniture › Stools', 60, 380, ['color', 'pack size'], 'adjustable height', 'faux leather', 'swivel seat'),
      kind('garden hose', 'Patio, Lawn & Garden › Watering › Hoses', 15, 95, ['item length', 'color'], 'leak proof', 'kink free'),
      kind('flower pot', 'Patio, Lawn & Garden › Planters › Pots', 8, 70, ['color', 'size'], 'drainage hole', 'hand painted'),
      kind('storage basket', 'Home & Kitchen › Storage › Baskets', 10, 65, ['color', 'size'], 'collapsible', 'carry handles'),
    ],
  },
];
