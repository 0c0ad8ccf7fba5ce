"""Names the seeds are made of. All invented; nobody and no company is meant."""

COMPANY_FIRST = (
    "Northwind Brightwater Cobalt Juniper Larkspur Meridian Quillfeather Saltmarsh Tamarack Umbra"
    " Vantage Wrenfield Amberley Blackthorn Copperline Driftwood Everglen Foxglove Granite Hollow"
    " Ironbark Kestrel Lumen Mossbank Nightjar Orchard Pinecrest Redwood Silverleaf Thornbury"
).split()
COMPANY_SECOND = (
    "Robotics Analytics Foods Logistics Health Energy Textiles Media Capital Software Optics"
    " Marine Learning Insurance Motors Retail Studios Pharma Networks Travel"
).split()
INDUSTRY_OF_SECOND = (
    "Manufacturing Technology Retail Transportation Healthcare Energy Manufacturing Media Finance"
    " Technology Manufacturing Transportation Education Finance Manufacturing Retail Media"
    " Healthcare Telecommunications Hospitality"
).split()
FIRST_NAMES = (
    "Ava Noah Mia Liam Zoë Oscar Priya Kenji Fatima Lars Ines Mateo Chloe Ravi Hana Jonas Amara"
    " Felix Leila Hugo Sofia Emeka Greta Pablo Nadia Tom Ingrid Yusuf Elena Marcus Wei Björn"
).split()
LAST_NAMES = (
    "Martin Okafor Schmidt Tanaka Rossi Novak Silva Haddad Larsen Moreau Patel Kowalski O'Brien"
    " Jensen Costa Weber Ali Nakamura Fischer Dubois Mendes Berg Castillo Singh Walsh Horvat"
).split()
ROLES = ("analyst", "admin", "editor", "viewer", "manager")
TITLES = ("Data Analyst", "Product Manager", "Engineer", "Director", "Support Agent", "Marketer")
DEPARTMENTS = ("Product", "Engineering", "Marketing", "Sales", "Support", "Finance")
TEAMS = ("alpha", "beta", "growth", "platform", "mobile", "insights")
LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "ja-JP", "pt-BR")
TIERS = ("bronze", "silver", "gold", "platinum")
PLANS = ("free", "starter", "pro", "enterprise")
LEAD_SOURCES = ("Web", "Referral", "Trade Show", "Partner", "Outbound")
MANAGERS = ("Dana Whitfield", "Luis Ortega", "Mei Sato", "Karin Holm", "Ben Asher")
INTERESTS = ("reporting", "automation", "api", "dashboards", "governance", "mobile")

LOCATIONS = (
    ("US", "nc", 35.8, -78.6),
    ("US", "ny", 40.7, -74.0),
    ("US", "ca", 37.8, -122.4),
    ("US", "tx", 30.3, -97.7),
    ("GB", "eng", 51.5, -0.1),
    ("DE", "by", 48.1, 11.6),
    ("FR", "idf", 48.9, 2.4),
    ("CA", "on", 43.7, -79.4),
    ("JP", "13", 35.7, 139.7),
    ("AU", "nsw", -33.9, 151.2),
    ("BR", "sp", -23.6, -46.6),
    ("IN", "ka", 13.0, 77.6),
)
"""Country, region, latitude, longitude; earlier ones are used more."""

_WINDOWS = "Windows NT 10.0; Win64; x64"
_MAC = "Macintosh; Intel Mac OS X 10_15_7"


def _chromium(system: str, version: str) -> str:
    return (
        f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{version} Safari/537.36"
    )


BROWSERS = (
    (_chromium(_WINDOWS, "120.0.0.0"), "Chrome", "120.0.0", "Windows"),
    (_chromium(_MAC, "121.0.0.0"), "Chrome", "121.0.0", "Mac OS X"),
    (_chromium(_WINDOWS, "121.0.0.0"), "Chrome", "121.0.0", "Windows"),
    (_chromium(_WINDOWS, "119.0.0.0") + " Edg/119.0.0.0", "Edge", "119.0.0", "Windows"),
    (
        f"Mozilla/5.0 ({_MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/17.2 Safari/605.1.15",
        "Safari",
        "17.2.0",
        "Mac OS X",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:122.0) Gecko/20100101 Firefox/122.0",
        "Firefox",
        "122.0.0",
        "Linux",
    ),
    (_chromium("X11; Linux x86_64", "118.0.0.0"), "Chrome", "118.0.0", "Linux"),
    (
        f"Mozilla/5.0 ({_WINDOWS}; rv:121.0) Gecko/20100101 Firefox/121.0",
        "Firefox",
        "121.0.0",
        "Windows",
    ),
)
"""User agent, browser, version, operating system."""

ODD_VISITORS = (
    'O"Neil',
    "back\\slash",
    "a/b/c",
    "00042",
    "42",
    "Case-A",
    "case-a",
    "two words",
    "per%cent",
    "zoë@münchen.example",
    "山田太郎",
    'mix"ed\\both',
    "ünï©ode-✓",
    " leading space",
    "o'hara",
    "semi;colon,comma",
)
"""Visitor ids that break careless clients."""
QUOTED = ('"', "\\")
"""What ``seed_quoted_ids`` off leaves out of ids."""
ODD_ACCOUNTS = ("001", "1", "ACME", "acme", "north/south", 'quote"co', "slash\\co", "Ünïon Werke")
"""Account ids that break careless clients."""

AREAS = ("Reporting", "Administration", "Collaboration", "Onboarding", "Billing")
PAGES = (
    ("Home", 0),
    ("Dashboard", 0),
    ("Report Builder", 0),
    ("Report List", 0),
    ("Report Viewer", 0),
    ("Saved Segments", 0),
    ("Data Explorer", 0),
    ("Exports", 0),
    ("Project Board", 2),
    ("Task Detail", 2),
    ("Calendar", 2),
    ("Comments", 2),
    ("Team Directory", 1),
    ("User Settings", 1),
    ("Roles & Permissions", 1),
    ("Integrations", 1),
    ("API Keys", 1),
    ("Audit Log", 1),
    ("Notifications", 1),
    ("Welcome Tour", 3),
    ("Getting Started", 3),
    ("Import Wizard", 3),
    ("Help Center", 3),
    ("Plans & Pricing", 4),
    ("Invoices", 4),
    ("Payment Method", 4),
    ("Usage & Limits", 4),
    ('Search "Beta"', 0),
)
"""Page names and the place of their product area."""
MOBILE_PAGES = ("Inbox", "Today", "Scan Receipt", "Approvals", "Profile", "Offline Queue")
"""Pages of the second app."""
FEATURE_ACTIONS = (
    "Open Menu",
    "Save Button",
    "Export CSV",
    "Share Link",
    "Filter Panel",
    "Search Box",
    "Add Widget",
    "Delete Item",
)
TRACK_TYPES = (
    "Registered",
    "Report Exported",
    "Invite Sent",
    "Plan Upgraded",
    "Import Finished",
    "API Call",
    "Session Expired",
    "Payment Failed",
)
GUIDES = (
    ("Welcome to the new dashboard", "public", "auto", 3),
    ("What's new in March", "public", "badge", 2),
    ("NPS survey", "public", "auto", 1),
    ("Report builder walkthrough", "public", "launcher", 4),
    ("Finish your profile", "public", "auto", 1),
    ("Try the API", "staged", "api", 1),
    ("Billing changes", "draft", "auto", 2),
    ("Old onboarding", "disabled", "dom", 5),
    ("Permissions tip", "public", "badge", 1),
    ("Beta programme", "_pendingReview_", "auto", 1),
)
"""Guide name, state, launch method, number of steps."""
URL_PARAMETERS = (
    '{"tab":"overview"}',
    '{"tab":"details"}',
    '{"view":"table","sort":"name"}',
    '{"q":"quarter \\"one\\""}',
)
"""Page parameters as JSON; a page that has any draws from these."""
PROPERTIES = (
    '{"plan":"pro","source":"menu"}',
    '{"plan":"starter","source":"toolbar"}',
    '{"rows":1200,"format":"csv"}',
    '{"__utm__":{"channel":"email"},"first":true}',
    "{}",
)
"""Track-event properties as JSON."""
