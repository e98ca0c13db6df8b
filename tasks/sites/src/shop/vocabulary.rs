//! The words that the catalogue is made from.

/// A kind of goods.
pub(crate) struct Kind {
    pub(crate) slug: &'static str,
    /// As a heading: `Mugs`.
    pub(crate) name: &'static str,
    /// As one says it in a sentence: `mug`.
    pub(crate) singular: &'static str,
    /// What product names of this kind end in.
    pub(crate) nouns: &'static [&'static str],
    /// Sizes with the surcharge in cents; one empty size where there is no choice.
    pub(crate) sizes: &'static [(&'static str, i64)],
    pub(crate) materials: &'static [&'static str],
    /// Lowest and highest price of the smallest size, in whole euros.
    pub(crate) prices: (i64, i64),
    /// Which drawing shows it.
    pub(crate) shape: &'static str,
}

pub(crate) const KINDS: [Kind; 10] = [
    Kind {
        slug: "mugs",
        name: "Mugs",
        singular: "mug",
        nouns: &["Mug", "Tall Mug", "Camp Mug"],
        sizes: &[("250 ml", 0), ("400 ml", 300)],
        materials: &["stoneware", "porcelain", "enamelled steel"],
        prices: (8, 26),
        shape: "mug",
    },
    Kind {
        slug: "bowls",
        name: "Bowls",
        singular: "bowl",
        nouns: &["Bowl", "Serving Bowl", "Soup Bowl"],
        sizes: &[("", 0)],
        materials: &["stoneware", "glass", "bamboo"],
        prices: (9, 38),
        shape: "bowl",
    },
    Kind {
        slug: "kettles",
        name: "Kettles",
        singular: "kettle",
        nouns: &["Kettle", "Stovetop Kettle"],
        sizes: &[("", 0)],
        materials: &["stainless steel", "enamelled steel", "copper"],
        prices: (34, 96),
        shape: "kettle",
    },
    Kind {
        slug: "lamps",
        name: "Lamps",
        singular: "lamp",
        nouns: &["Table Lamp", "Floor Lamp", "Desk Lamp"],
        sizes: &[("", 0)],
        materials: &["brass", "paper", "powder-coated steel"],
        prices: (29, 180),
        shape: "lamp",
    },
    Kind {
        slug: "cushions",
        name: "Cushions",
        singular: "cushion",
        nouns: &["Cushion", "Floor Cushion"],
        sizes: &[("40 x 40 cm", 0), ("50 x 50 cm", 600)],
        materials: &["linen", "cotton", "wool"],
        prices: (14, 48),
        shape: "cushion",
    },
    Kind {
        slug: "blankets",
        name: "Blankets",
        singular: "blanket",
        nouns: &["Blanket", "Throw"],
        sizes: &[("Single", 0), ("Double", 2000)],
        materials: &["lambswool", "cotton", "recycled wool"],
        prices: (39, 120),
        shape: "blanket",
    },
    Kind {
        slug: "bags",
        name: "Bags",
        singular: "bag",
        nouns: &["Backpack", "Tote Bag", "Weekend Bag"],
        sizes: &[("Small", 0), ("Large", 1500)],
        materials: &["canvas", "leather", "recycled nylon"],
        prices: (24, 140),
        shape: "bag",
    },
    Kind {
        slug: "t-shirts",
        name: "T-shirts",
        singular: "T-shirt",
        nouns: &["T-shirt", "Pocket T-shirt"],
        sizes: &[("S", 0), ("M", 0), ("L", 0), ("XL", 200)],
        materials: &["organic cotton", "hemp", "merino wool"],
        prices: (15, 45),
        shape: "shirt",
    },
    Kind {
        slug: "notebooks",
        name: "Notebooks",
        singular: "notebook",
        nouns: &["Notebook", "Sketchbook", "Planner"],
        sizes: &[("A5", 0), ("A4", 400)],
        materials: &["recycled paper", "stone paper", "cotton paper"],
        prices: (6, 24),
        shape: "book",
    },
    Kind {
        slug: "bottles",
        name: "Bottles",
        singular: "bottle",
        nouns: &["Bottle", "Flask"],
        sizes: &[("500 ml", 0), ("750 ml", 500)],
        materials: &["stainless steel", "glass", "titanium"],
        prices: (16, 54),
        shape: "bottle",
    },
];

/// First words of product names. Twelve of them are drawn for each kind.
pub(crate) const SERIES: [&str; 26] = [
    "Alder", "Birch", "Brook", "Cedar", "Clover", "Dune", "Elm", "Ember", "Fern", "Fjord", "Harbour", "Hazel", "Heron",
    "Juniper", "Lark", "Linden", "Marsh", "Meadow", "Moss", "North", "Orchard", "Pebble", "Rowan", "Sparrow", "Tide",
    "Willow",
];

pub(crate) const BRANDS: [&str; 8] =
    ["Aven & Sons", "Bramble", "Koto", "Lundby", "Maison Vale", "Northfold", "Ostra", "Tern"];

/// Colours with the fill of their drawings.
pub(crate) const COLOURS: [(&str, &str); 10] = [
    ("Red", "#c2453c"),
    ("Blue", "#3b6ea8"),
    ("Green", "#4b8256"),
    ("Yellow", "#dfaf3a"),
    ("Black", "#33343a"),
    ("White", "#f1efe8"),
    ("Grey", "#8d9096"),
    ("Pink", "#dc93a6"),
    ("Orange", "#d97b35"),
    ("Sand", "#cdb895"),
];

pub(crate) const PHRASES: [&str; 8] = [
    "Made in small batches and finished by hand.",
    "A quiet everyday piece that gets better with use.",
    "Designed to last, and to be repaired when it does not.",
    "Light enough to take along, sturdy enough to stay.",
    "Its shape comes from a workshop pattern of the 1950s.",
    "The surface is left a little uneven, so no two are alike.",
    "Packed without plastic.",
    "Easy to clean and slow to wear.",
];

pub(crate) const FIRST_NAMES: [&str; 24] = [
    "Ada", "Bruno", "Carla", "Dario", "Elif", "Farid", "Greta", "Hana", "Ines", "Jonas", "Katya", "Leo", "Mara",
    "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wim", "Yara",
];

pub(crate) const LAST_NAMES: [&str; 20] = [
    "Albers",
    "Brandt",
    "Castro",
    "Dahl",
    "Ekström",
    "Fontaine",
    "Garcia",
    "Horvat",
    "Ivanov",
    "Jansen",
    "Keller",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quist",
    "Rossi",
    "Sato",
    "Tanaka",
];

pub(crate) const STREETS: [&str; 10] = [
    "Mill Lane",
    "Station Road",
    "Quay Street",
    "Orchard Way",
    "Church Hill",
    "Garden Row",
    "Bridge Street",
    "Park Avenue",
    "Castle Road",
    "Meadow Close",
];

/// Cities with a postcode.
pub(crate) const CITIES: [(&str, &str, &str); 8] = [
    ("Dublin", "D02 X285", "Ireland"),
    ("Cork", "T12 W8YN", "Ireland"),
    ("Utrecht", "3511 AB", "Netherlands"),
    ("Leiden", "2311 EZ", "Netherlands"),
    ("Ghent", "9000", "Belgium"),
    ("Leuven", "3000", "Belgium"),
    ("Hamburg", "20095", "Germany"),
    ("Leipzig", "04109", "Germany"),
];

/// Where the shop delivers.
pub(crate) const COUNTRIES: [&str; 4] = ["Belgium", "Germany", "Ireland", "Netherlands"];

/// Titles and texts of reviews, by stars from 1 to 5.
pub(crate) const REVIEWS: [[(&str, &str); 4]; 5] = [
    [
        ("Broke in a week", "It did not survive the first week, and the reply to my message took longer than that."),
        ("Not as pictured", "The colour has little to do with the photograph."),
        ("Sent it back", "It arrived damaged. The return went smoothly, at least."),
        ("Disappointing", "I had hoped for more at this price."),
    ],
    [
        ("Smaller than expected", "Read the measurements twice. I did not."),
        ("So-so", "It works, but the finish is rough in places."),
        ("Two months in", "It already shows its age."),
        ("Would not buy again", "There are better ones for less."),
    ],
    [
        ("It is fine", "Does what it should, no more and no less."),
        ("Average", "Neither bad nor special."),
        ("Good, with flaws", "Nice to look at, a little awkward to use."),
        ("Middle of the road", "My neighbour likes hers better than I like mine."),
    ],
    [
        ("Very nice", "We use it every day and have nothing to complain about."),
        ("Good value", "Well made for what it costs."),
        ("Almost perfect", "One star less because the parcel was huge."),
        ("A solid choice", "I would recommend it to a friend."),
    ],
    [
        ("Love it", "The best thing I have bought this year."),
        ("Perfect gift", "My sister was delighted and asked where I had found it."),
        ("Beautiful", "Even nicer than in the pictures."),
        ("Bought a second one", "That says it all."),
    ],
];
