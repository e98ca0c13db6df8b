//! Words that the seeded content is made of.

/// Login, full name, role, bio.
pub(super) const PEOPLE: [(&str, &str, &str, &str); 14] = [
    ("ada", "Ada Brandt", "admin", "Keeps the lights on."),
    ("mia", "Mia Castellanos", "maintainer", "Interfaces, mostly."),
    ("jonas", "Jonas Eklund", "maintainer", "Storage and sync."),
    ("priya", "Priya Raman", "maintainer", "Releases and packaging."),
    ("tomas", "Tomás Okafor", "maintainer", "Networks. Tea."),
    ("hana", "Hana Sato", "maintainer", "Type, colour, motion."),
    ("lena", "Lena Vogel", "reporter", "Breaks things for a living."),
    ("omar", "Omar Haddad", "reporter", "Runs this on forty machines."),
    ("yuki", "Yuki Tanabe", "reporter", "Translator."),
    ("sofia", "Sofia Marin", "reporter", "Screen reader user."),
    ("ben", "Ben Whitlock", "reporter", "Support desk."),
    ("ines", "Inês Duarte", "reporter", "Student."),
    ("gil", "Gil Andersen", "guest", "Just reading."),
    ("noor", "Noor Khalil", "guest", "New here."),
];

/// Slug, key, name, description.
pub(super) const PROJECTS: [(&str, &str, &str, &str); 4] = [
    ("orbit", "ORB", "Orbit", "A calendar that several people can keep together."),
    ("kestrel", "KES", "Kestrel", "Backups from the command line, encrypted and quick."),
    ("lumen", "LUM", "Lumen", "A photo library for the desktop."),
    ("harbor", "HAR", "Harbor", "A chat server to host oneself."),
];

/// Parts of each project, in the order of [`PROJECTS`].
pub(super) const PARTS: [[&str; 9]; 4] = [
    [
        "Week view",
        "Time zone picker",
        "Recurring event form",
        "Invitation e-mail",
        "CalDAV sync",
        "Reminder list",
        "Agenda print-out",
        "Event search",
        "Room booking",
    ],
    [
        "Restore command",
        "Snapshot pruning",
        "Progress bar",
        "Remote repository",
        "Exclude pattern",
        "Key rotation",
        "Mount command",
        "Config file",
        "Bandwidth limit",
    ],
    [
        "Thumbnail grid",
        "Face grouping",
        "RAW import",
        "Map view",
        "Album sharing",
        "Crop tool",
        "Colour picker",
        "Tag editor",
        "Slideshow",
    ],
    [
        "Message search",
        "File upload",
        "Push notification",
        "Thread view",
        "Emoji menu",
        "LDAP login",
        "Voice room",
        "Message retention",
        "Admin console",
    ],
];

/// How something fails.
pub(super) const FAULTS: [&str; 9] = [
    "crashes",
    "freezes for seconds",
    "shows stale data",
    "loses the last change",
    "ignores the setting",
    "is painfully slow",
    "jumps to the top",
    "shows an empty page",
    "reports the wrong total",
];

/// When it fails.
pub(super) const WHEN: [&str; 12] = [
    "after waking from sleep",
    "with more than 500 entries",
    "when the network drops",
    "on a second monitor",
    "with a right-to-left language",
    "after changing the password",
    "when two people edit at once",
    "in high contrast mode",
    "on the last day of the month",
    "after the upgrade",
    "with a very long name",
    "when the disk is full",
];

/// Wishes; `{}` is a part in lower case.
pub(super) const WISHES: [&str; 8] = [
    "Offer keyboard shortcuts in the {}",
    "Add an undo step to the {}",
    "Remember the last position of the {}",
    "Export from the {} as CSV",
    "Describe the {} in the manual",
    "Dark colours for the {}",
    "Make the {} work with one hand on phones",
    "Let the {} be switched off per project",
];

/// Name, hue in degrees, description.
pub(super) const LABELS: [(&str, u16, &str); 12] = [
    ("accessibility", 265, "Someone cannot use it"),
    ("bug", 4, "It does not do what it should"),
    ("crash", 340, "The program ends"),
    ("design", 300, "How it looks and feels"),
    ("documentation", 210, "Words to write or mend"),
    ("feature", 160, "Something new"),
    ("good first issue", 130, "A gentle start"),
    ("needs repro", 40, "We cannot see it yet"),
    ("performance", 24, "It takes too long"),
    ("question", 190, "Asked, not claimed"),
    ("regression", 320, "It worked before"),
    ("security", 55, "Handle with care"),
];

/// Operating systems in reports.
pub(super) const SYSTEMS: [&str; 7] =
    ["Debian 13", "Fedora 43", "Ubuntu 24.04", "Windows 11", "macOS 15", "Arch Linux", "openSUSE Leap 16"];

/// Remarks in comments.
pub(super) const REMARKS: [&str; 12] = [
    "I see this too, every time.",
    "Could you attach a log with `--verbose`?",
    "Cannot reproduce here, what is your locale?",
    "The **second** try always works for me.",
    "This bites our users weekly, thanks for looking into it.",
    "Let us not do this before the next release.",
    "A test would be the hard part.",
    "Happy to review a patch.",
    "Related to what we discussed on Tuesday.",
    "I would rather fix the cause than the symptom.",
    "Confirmed on two machines.",
    "Screenshots would help a lot.",
];

/// Code names hidden in the wiki, each in one page only.
pub(super) const CODE_NAMES: [&str; 8] =
    ["Basalt", "Marigold", "Tundra", "Cobalt", "Juniper", "Quartz", "Saffron", "Larkspur"];

/// Days on which things happen.
pub(super) const WEEKDAYS: [&str; 5] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"];
