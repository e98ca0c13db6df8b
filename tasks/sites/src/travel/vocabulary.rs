//! The words that the hotels are made from.

/// Cities with their countries.
pub(crate) const CITIES: [(&str, &str); 8] = [
    ("Lisbon", "Portugal"),
    ("Porto", "Portugal"),
    ("Vienna", "Austria"),
    ("Ghent", "Belgium"),
    ("Copenhagen", "Denmark"),
    ("Prague", "Czechia"),
    ("Bergen", "Norway"),
    ("Turin", "Italy"),
];

pub(crate) const DISTRICTS: [&str; 6] =
    ["Old Town", "Harbour", "Museum Quarter", "University", "Station District", "Riverside"];

/// What hotels are called, with the kind of house.
pub(crate) const NAMES: [&str; 20] = [
    "Almond",
    "Anchor",
    "Aurora",
    "Bellevue",
    "Blue Door",
    "Carlton",
    "Compass",
    "Corner House",
    "Europa",
    "Garden",
    "Grand Union",
    "Lantern",
    "Meridian",
    "Nightingale",
    "Observatory",
    "Palace",
    "Quayside",
    "Regent",
    "Swan",
    "Terrace",
];

pub(crate) const HOUSES: [&str; 4] = ["Hotel", "Guesthouse", "Inn", "Residence"];

pub(crate) const PHRASES: [&str; 6] = [
    "A family-run house with creaking stairs and a good breakfast.",
    "Quiet rooms around a green courtyard.",
    "Bright rooms, firm beds and a bar that closes early.",
    "Once a post office, now thirty rooms with high ceilings.",
    "Five minutes from the station and a world away from it.",
    "Plain, clean and friendly, with a view over the roofs.",
];

pub(crate) const FIRST_NAMES: [&str; 16] = [
    "Alma", "Bjarne", "Clara", "Dmitri", "Esther", "Felix", "Giulia", "Henrik", "Irene", "Jakub", "Klara", "Louis",
    "Milena", "Noor", "Otto", "Priya",
];

pub(crate) const LAST_NAMES: [&str; 16] = [
    "Andersen", "Baumann", "Conti", "Duarte", "Eklund", "Ferreira", "Gruber", "Holm", "Ionescu", "Janssens",
    "Kowalski", "Larsen", "Mertens", "Nilsen", "Oliveira", "Pereira",
];

pub(crate) const EVENTS: [&str; 10] = [
    "Dentist",
    "Piano lesson",
    "Car inspection",
    "Parents' evening",
    "Book club",
    "Haircut",
    "Choir rehearsal",
    "Tax appointment",
    "Flat viewing",
    "Chess evening",
];
