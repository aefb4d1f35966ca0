"""The words sample names are made of, apart from the code so that it stays readable.

Plain words make names people can tell apart in a chart; the odd ones hold what breaks a careless reader of
CSV: quotes, commas, newlines, accents (composed and decomposed), emoji and scripts written from right to
left.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words("""
    Amber Borrowed Broken Burning Careless Cobalt Crooked Distant Electric Empty Endless Faded Feral
    Folded Frozen Gentle Gilded Glass Golden Half-Lit Hidden Hollow Honest Idle Indigo Iron Little
    Lonely Lost Lucid Midnight Neon Northern Ordinary Painted Pale Paper Patient Quiet Restless Rolling
    Rusty Salted Scarlet Second Secret Shallow Silent Silver Sleepless Slow Southern Spare Stolen
    Tangled Tender Thirsty Velvet Violet Wild Winter
""")

NOUNS = _words("""
    Alphabet Anchor Arcade Atlas Autumn Avenue Balcony Boulevard Bridge Cathedral Cinema Circus City
    Comet Compass Corridor Daylight Desert Diary Engine Feather Fever Fiction Fire Garden Ghost Gravity
    Harbour Heart Highway Horizon Island January Kingdom Ladder Lanterns Letters Lighthouse Machine
    Magnet Map Meridian Mirror Monsoon Moon Morning Mountain Ocean Orchard Parade Passenger Pillow Pilot
    Planet Postcard Radio Rain River Rooftop Satellite Season Shadow Signal Sky Snow Station Stranger
    Summer Sunday Telephone Thunder Tide Train Valley Village Voyage Waltz Water Weather Window Wire
    Wolf Wonder
""")

VERBS = _words("""
    Believe Borrow Break Call Carry Catch Chase Dance Drive Fall Find Follow Forget Hold Keep Leave Lose
    Meet Miss Open Remember Run Sing Sleep Stay Steal Swim Take Trust Wait Wake Walk Watch Whisper
""")

TITLE_ENDINGS = (
    "(Live)",
    "(Acoustic)",
    "(Demo)",
    "(Radio Edit)",
    "(Extended Mix)",
    "- Remastered 2011",
    "- Remix",
    "- Sped Up",
    "(Interlude)",
    "Pt. 2",
)

BAND_NOUNS = _words("""
    Accountants Almanacs Astronomers Bakers Barometers Beekeepers Bicycles Botanists Cartographers
    Chandeliers Clockmakers Commuters Crickets Ferries Fishmongers Foghorns Gardeners Geometers Glaciers
    Herons Kettles Lampposts Librarians Locksmiths Magpies Marmots Masons Metronomes Milliners Moths
    Notaries Orchards Otters Paperclips Pigeons Plumbers Porters Quarries Roofers Sextants Shipwrights
    Snowploughs Spinnakers Tailors Telegraphs Thimbles Tinkers Topographers Turnstiles Typists Umbrellas
    Ushers Voltmeters Weathervanes Weavers
""")

STAGE_SYLLABLES = _words("""
    ba bel dor ela fen gri hal ilo jun kav lor mio nev oda pel quin rav sol tov una vel wyn xan yor zel
""")

ODD_TITLES = (
    'The "Quiet" Song',
    'Say "Hello, Again"',
    "One, Two, Three, Float",
    "Side A\nSide B",
    "Erst Regen,\ndann Schnee",
    "Été sans fin",
    "Cafe\u0301 Zu\u0308rich",
    "Señales de Niñez",
    "Łąka o świcie",
    "Fire 🔥 Dance",
    "🌙",
    "👩‍🚀 in Orbit",
    "ليل المدينة",
    "שיר לילה קטן",
    "夜の電車",
    "Летний дождь",
    "'Til Morning; 'Til Noon",
    "=SUM(of, my, parts)",
)

ODD_ARTISTS = (
    "Salt, Ash & Ember",
    'Nine "Volt" Nocturne',
    "Björkö Sånglärkan",
    "Ñandú Eléctrico",
    "Los Títeres de Cartón",
    "Zimtstern & Söhne",
    "فرقة نجوم الرصيف",
    "להקת הגשר הצף",
    "歩く灯台",
    "Стеклянный Трамвай",
    "🦊 Foxglove Motel 🦊",
    "O'Thimble's Regret",
)

ODD_PEOPLE = (
    'Siobhán "Shiv" O\'Keane',
    "Müller, Jürgen",
    "Anna-Lena\nvon der Aue",
    "Zoe\u0308 Nu\u0301n\u0303ez",
    "Đặng Thị Hoa",
    "ليلى الحداد",
    "נועם ברקת",
    "佐々木 陽菜",
    "Ольга Соколова",
    "Sunny ☀️ Day",
    "X Æ",
    "Bobby'); DROP TABLE users;--",
)

FIRST_NAMES = _words("""
    Adaeze Ahmed Aiko Akua Alice Amara Amit Ana Anders Anna Ayşe Bao Beatriz Camille Carlos Chen Chiara
    Daniel Diego Dimitri Elena Elif Emma Erik Esi Fatima Felix Freya Gabriel Grace Hana Hassan Ines Ivan
    Jack Joao José Julia Kavya Kofi Kwame Lars Leila Liam Lucía Luis Maja Marco Maria Mateo Mei Mina
    Nadia Ngozi Noah Nora Olga Oliver Omar Paula Pedro Petra Priya Rafael Renée Rosa Samuel Sara Sofia
    Sven Tariq Thomas Tomáš Uma Valentina Viktor Wanjiru Yara Yuki Yusuf Zanele Zoë
""")

LAST_NAMES = _words("""
    Abubakar Adeyemi Andersson Appiah Baker Becker Bianchi Boateng Bonnet Carvalho Castillo Cohen Costa
    Dang Demir Dubois Eriksen Fernández Fischer Fofanah Garcia Gómez Gupta Haddad Hansen Hernández
    Horvat Ito Ivanova Jensen Kamau Kaya Khan Kim Kowalski Larsen Lefèvre Lopez Mahlangu Marino Martins
    Mensah Mitchell Moreau Moyo Müller Nakamura Nguyen Novák Nowak Ochieng Oduya Okafor Olsen Osei Patel
    Pereira Petrov Popescu Ramos Reyes Rossi Sánchez Santos Sato Schmidt Sharma Silva Smith Sorensen
    Suzuki Tan Tanaka Torres Turner Varga Virtanen Walker Weber Wilson Wójcik Yamada Yilmaz Zhang Zulu
""")

COUNTRIES: tuple[tuple[str, int], ...] = (
    ("United States", 260),
    ("United Kingdom", 90),
    ("Germany", 80),
    ("Brazil", 80),
    ("India", 70),
    ("Mexico", 60),
    ("France", 55),
    ("Spain", 40),
    ("Italy", 38),
    ("Canada", 38),
    ("Japan", 35),
    ("Netherlands", 30),
    ("Australia", 28),
    ("Sweden", 25),
    ("Poland", 25),
    ("Nigeria", 22),
    ("Ghana", 20),
    ("South Africa", 20),
    ("Argentina", 18),
    ("Kenya", 15),
    ("Indonesia", 15),
    ("Philippines", 15),
    ("South Korea", 14),
    ("Viet Nam", 12),
    ("Egypt", 12),
    ("Chile", 10),
    ("Portugal", 10),
    ("Norway", 10),
    ("Denmark", 10),
    ("Ireland", 9),
    ("Czech Republic", 8),
    ("Israel", 8),
    ("New Zealand", 7),
    ("Rwanda", 6),
    ("Côte d'Ivoire", 5),
    ("Iceland", 3),
    ("Korea, Republic of", 2),
    ("Bolivia, Plurinational State of", 2),
)
"""Countries and their weights; some hold a comma or an accent, as ISO 3166 has them."""

GENRES: tuple[tuple[str, int], ...] = (
    ("pop", 150),
    ("hip-hop", 110),
    ("rock", 95),
    ("latin", 60),
    ("r-n-b", 55),
    ("dance", 50),
    ("indie", 45),
    ("reggaeton", 42),
    ("electronic", 40),
    ("k-pop", 38),
    ("country", 36),
    ("alternative", 34),
    ("afrobeat", 30),
    ("house", 28),
    ("soul", 26),
    ("metal", 25),
    ("folk", 22),
    ("jazz", 20),
    ("classical", 20),
    ("techno", 18),
    ("punk", 17),
    ("singer-songwriter", 16),
    ("ambient", 15),
    ("blues", 14),
    ("funk", 13),
    ("reggae", 13),
    ("disco", 12),
    ("drum-and-bass", 11),
    ("trance", 10),
    ("gospel", 9),
    ("samba", 8),
    ("salsa", 8),
    ("bossanova", 7),
    ("anime", 7),
    ("highlife", 6),
    ("lo-fi", 6),
    ("bluegrass", 5),
    ("flamenco", 4),
    ("tango", 3),
    ("opera", 3),
)
"""Genres and their weights."""
