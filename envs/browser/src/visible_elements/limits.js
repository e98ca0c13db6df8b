// What one observation may cost and tell.

const NODES = 400_000; // visited in one observation
const HITS = 40_000; // hit tests in one observation
const LARGE = 5_000; // elements of a document above which far subtrees are skipped
const NAME = 300; // characters
const TEXT = 4_000; // characters
const WORDS = 5_000; // read in one document
const OPTIONS = 100; // of one <select>
const FIGURES = 40; // unnamed shapes; more of them are a drawing or a decoration
const FRAGMENTS = 20; // of one element
const FAINT = 0.1; // opacity below which nothing is seen
const BLUR = 2; // CSS pixels of a blur above which nothing can be read
