"""Names by culture. Each name is common in its culture and belongs to nobody in particular.

Some are written with combining characters (Vietnamese and Yoruba decomposed) and some in their own script, because
that is what a Jam of eighty countries gets.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """``weight`` is the share of people from here, whatever the unit. ``family_first``: Li Wei, not Wei Li."""

    weight: int
    countries: tuple[str, ...]  # ISO 3166-1 alpha-2, the likeliest first
    given: tuple[str, ...]
    family: tuple[str, ...]
    lang: str = "en"
    family_first: bool = False


def _culture(
    weight: int, countries: str, given: str, family: str, lang: str = "en", *, family_first: bool = False
) -> Culture:
    return Culture(
        weight,
        tuple(countries.split()),
        tuple(given.split()),
        tuple(name.replace("_", " ") for name in family.split()),
        lang,
        family_first,
    )


CULTURES: tuple[Culture, ...] = (
    _culture(
        300,
        "US GB CA AU NZ IE ZA JM TT",
        "Alice Andrew Beth Brian Carla Daniel Dana Edward Fiona Grace Helen Ian Jack Karen Kevin Laura Liam Nathan "
        "Olivia Owen Paula Peter Rachel Rob Sarah Simon Tess Thomas Victoria Wendy Zoe",
        "Abbott Baxter Bell Carver Coleman Dalton Ellis Foster Garrett Hale Hobbs Irving Jennings Keane Lambert Marsh "
        "Nolan Osborne Pierce Quinn Reeves Sawyer Thorne Underhill Vance Walsh Whitfield Yates O'Rourke Kincaid",
    ),
    _culture(
        85,
        "DE AT CH",
        "Anke Bernd Claudia Dirk Elke Florian Greta Holger Ines Jürgen Katrin Lukas Martina Niklas Petra Rainer Sabine "
        "Stefan Uwe Wiebke",
        "Albrecht Böhm Dietz Eberhardt Fröhlich Gerlach Hartwig Jäger Kühn Lindner Möller Neubauer Ostermann Pfeiffer "
        "Reinhardt Schäfer Thiel Voß Weidner Zöllner",
        "de",
    ),
    _culture(
        60,
        "FR BE LU MC SN CI",
        "Agnès Benoît Camille Denis Élodie François Gaëlle Hugo Isabelle Jérôme Laure Mathieu Noémie Olivier Pauline "
        "Rémi Sylvie Thibault Véronique Yann",
        "Arnaud Besson Chevalier Delmas Fabre Garnier Hébert Jacquet Lacroix Marchand Noël Perrot Renaud Sauvage "
        "Tessier Vasseur Blanchet Carpentier Diallo Ndiaye",
        "fr",
    ),
    _culture(
        75,
        "ES MX AR CO CL PE UY EC CR VE PA GT DO",
        "Alejandra Beatriz Carlos Diego Elena Fernando Gabriela Héctor Inés Javier Lucía Marcos Natalia Óscar Pilar "
        "Ramón Silvia Tomás Verónica Ximena",
        "Aguilar Benítez Castaño Domínguez Echeverría Fuentes Guzmán Herrera Ibáñez Lozano Maldonado Núñez Ortega "
        "Peralta Quiroga Rivas Salazar Urrutia Valdés Zamora",
        "es",
    ),
    _culture(
        55,
        "BR PT AO MZ",
        "Adriana Bruno Catarina Duarte Eduarda Fábio Gonçalo Helena Joana Leandro Mariana Nuno Patrícia Rafael Sônia "
        "Tiago Vânia",
        "Almeida Barros Cardoso Esteves Figueiredo Guimarães Leitão Magalhães Nogueira Pacheco Queirós Ribeiro "
        "Siqueira Teixeira Vasconcelos",
        "pt",
    ),
    _culture(
        40,
        "IT SM MT",
        "Alessia Bruno Chiara Davide Elisa Federico Giulia Ilaria Lorenzo Marta Niccolò Paola Riccardo Silvia Tommaso",
        "Amato Bellini Caruso D'Angelo Esposito Ferrara Galli Lombardi Marchetti Neri Orlando Pellegrini Ricci Santoro "
        "Vitale",
        "it",
    ),
    _culture(
        55,
        "NL BE SR",
        "Anouk Bram Daan Femke Gijs Hanneke Joost Lieke Maarten Nienke Pieter Roos Sander Tessa Wouter",
        "Bakker de_Boer Dekker van_Dijk Hoekstra Jansen Kuipers Meijer van_der_Linden Mulder Postma Smit de_Vries "
        "Verhoeven Zijlstra",
    ),
    _culture(
        50,
        "SE NO DK FI IS EE",
        "Anders Birgitta Dag Eeva Frida Gunnar Hilde Ida Jukka Kirsten Lars Maja Nils Outi Pernille Ragnhild Søren",
        "Aalto Bergström Dahl Eriksen Forsberg Gundersen Halvorsen Holm Iversen Koskinen Lindqvist Mäkelä Nygård "
        "Rasmussen Solberg Tamm Virtanen Østergaard",
    ),
    _culture(
        60,
        "PL CZ SK HU SI HR RS RO BG LT LV UA",
        "Agnieszka Bartosz Dorota Eszter Filip Gábor Hana Ivana Jakub Katarzyna Lenka Milan Nikola Ondřej Petra Radu "
        "Stanisław Tereza Vesna Zoltán",
        "Balogh Chmiel Dvořák Fekete Grabowski Horváth Ionescu Jovanović Kovač Lewandowska Markov Novotný Ożóg Petrova "
        "Růžička Szabó Tóth Vuković Wójcik Zieliński",
    ),
    _culture(
        30,
        "RU KZ BY",
        "Алексей Вера Дмитрий Елена Игорь Ксения Марина Николай Ольга Павел Anna Sergei Tatiana Yuri",
        "Белов Громов Зуев Кравец Лапин Морозенко Савченко Чайка Sokol Volkov Danilin Zhuk",
        "ru",
    ),
    _culture(
        20,
        "GR CY",
        "Αλέξης Δήμητρα Ελένη Κώστας Νίκος Σοφία Andreas Maria Stavros Thalia",
        "Γεωργίου Δημητρίου Καρράς Μακρής Παππάς Ioannou Kallas Vlachos",
    ),
    _culture(
        230,
        "IN SG AE MU",
        "Aarti Anand Bhavna Chetan Deepa Farhan Gautam Harini Ishaan Jyoti Kavita Lakshmi Manoj Neha Priya Rajesh "
        "Shreya Suresh Uma Vikram Zubin अनीता विवेक मीरा",
        "Agarwal Banerjee Chatterjee Desai Ghosh Iyer Jain Kulkarni Malhotra Menon Nair Patel Rao Reddy Sharma "
        "Subramanian Trivedi Varma शर्मा जोशी",
        "hi",
    ),
    _culture(
        20,
        "LK BD NP",
        "Anura Dilini Nimal Ruwan Sanduni Farzana Imran Tahmina Bishal Sunita",
        "Perera Fernando_Silva Jayawardena Wickrama Rahman Chowdhury Hossain Gurung Shrestha Thapa",
    ),
    _culture(
        30,
        "PK",
        "Adeel Bushra Faisal Hina Kamran Mehwish Nadia Omar Saima Usman",
        "Ahmed Baig Chaudhry Durrani Gilani Hashmi Iqbal Malik Qureshi Siddiqui",
    ),
    _culture(
        80,
        "CN TW HK SG",
        "Wei Jing Lei Min Xiaoling Jun Yan Hui Bo Ting Peng Qian 敏 建国 晓燕 志明 雅婷 文博",
        "Chen Deng Gao He Hu Li Lin Liu Ma Sun Wang Wu Xu Zhang Zhou 陈 王 李 张 林",
        "zh",
        family_first=True,
    ),
    _culture(
        70,
        "JP",
        "Akira Chie Daisuke Emi Haruka Hiroshi Junko Kenji Mai Naoko Ryo Satomi Takashi Yuki 健太 美咲 翔 恵子",
        "Aoki Endo Fujita Hayashi Inoue Kato Kimura Matsuda Nakamura Ogawa Saito Takahashi Ueda 佐々木 山本 小林 渡辺",
        "ja",
    ),
    _culture(
        25,
        "KR",
        "Ji-woo Min-jun Seo-yeon Hyun-woo Soo-jin Dong-hyun 지훈 은영",
        "Kim Lee Park Choi Jung Kang Yoon 한 서",
        "ko",
        family_first=True,
    ),
    _culture(
        20,
        "VN",
        "Anh Bình Dũng Hạnh Hương Khánh Linh Minh Ngọc Phương Quân Thảo".replace("ạ", "a\u0323").replace(
            "ọ", "o\u0323"
        ),
        "Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi".replace("ễ", "e\u0302\u0303").replace("ạ", "a\u0323"),
        family_first=True,
    ),
    _culture(
        40,
        "PH MY ID TH",
        "Aisyah Bayu Carlo Dewi Farid Ginny Hendra Isabel Jomar Kanya Liza Marlon Nurul Putri Rizal Somchai Wulan",
        "Abdullah Bautista Cruzado Dimagiba Hartono Ismail Kusuma Lim Manalo Pratama Reyes Santoso Srisai Tan Wijaya",
    ),
    _culture(
        45,
        "EG AE SA JO LB MA TN DZ KW QA BH OM",
        "Amal Bassam Dina Fadi Ghada Hassan Iman Jamal Khalid Layla Mona Nabil Rania Samir Yasmin أحمد فاطمة خالد",
        "Abdelrahman Bakri Daher El-Masri Farouk Haddad Jaber Khoury Mansour Najjar Odeh Rashid Saleh حداد الخطيب",
        "ar",
    ),
    _culture(
        25,
        "IL",
        "Avi Dalia Eitan Galit Hadas Noam Orly Ronen Shira Yael",
        "Avrahami Barak Dagan Elkayam Gilboa Halevi Naor Peled Shalev Tzur",
    ),
    _culture(
        20,
        "TR AZ",
        "Ayşe Burak Cem Defne Emre Gülşen Hakan İpek Kerem Selin",
        "Aksoy Bozkurt Çelik Demir Erdoğmuş Güneş Kaplan Özkan Şahin Yıldız",
    ),
    _culture(
        35,
        "NG GH KE UG TZ RW ZM BW",
        "Abena Chidi Efua Faith Ifeoma Joseph Kofi Mercy Ngozi Obinna Peter Sade Tunde Wanjiru Zuberi "
        "A\u0301de\u0301o\u0323la\u0301 O\u0323la\u0301",
        "Achieng Adeyemi Boateng Danso Eze Kamau Mensah Mwangi Njoroge Nwosu Okafor Otieno Owusu Tembo O\u0323lawale",
    ),
    _culture(
        20,
        "ZA NA ZW",
        "Ayanda Bongani Johan Lindiwe Naledi Pieter Sipho Thandi Willem Zanele",
        "Botha Dlamini Khumalo Mokoena Nkosi Pretorius Sithole van_Wyk Zulu Moyo",
    ),
)

# What organisations are called: two parts and a kind, all invented.
ORG_FIRST = [
    "Alder",
    "Amber",
    "Anchor",
    "Arbor",
    "Aster",
    "Beacon",
    "Birch",
    "Bluefield",
    "Bramble",
    "Brook",
    "Cedar",
    "Cinder",
    "Clear",
    "Copper",
    "Coral",
    "Crane",
    "Delta",
    "Drift",
    "East",
    "Elm",
    "Ember",
    "Fern",
    "Field",
    "Flint",
    "Garnet",
    "Glen",
    "Granite",
    "Harbour",
    "Hazel",
    "Heron",
    "High",
    "Indigo",
    "Iron",
    "Juniper",
    "Kestrel",
    "Lake",
    "Lantern",
    "Larch",
    "Linden",
    "Loom",
    "Maple",
    "Marl",
    "Meadow",
    "Merid",
    "North",
    "Oak",
    "Ochre",
    "Opal",
    "Orchard",
    "Otter",
    "Pebble",
    "Pine",
    "Plover",
    "Quarry",
    "Quill",
    "Reed",
    "Ridge",
    "River",
    "Rowan",
    "Saffron",
    "Sage",
    "Salt",
    "Silver",
    "Slate",
    "South",
    "Stone",
    "Summit",
    "Sun",
    "Tamar",
    "Teal",
    "Thistle",
    "Tide",
    "Umber",
    "Vale",
    "Verd",
    "Walnut",
    "West",
    "Willow",
    "Wren",
    "Yarrow",
    "Zephyr",
]
ORG_SECOND = [
    "bank",
    "bridge",
    "brook",
    "bury",
    "combe",
    "cross",
    "dale",
    "fell",
    "field",
    "ford",
    "gate",
    "ham",
    "haven",
    "holm",
    "land",
    "line",
    "mark",
    "mere",
    "moor",
    "port",
    "ridge",
    "shore",
    "side",
    "stead",
    "stone",
    "view",
    "ward",
    "way",
    "well",
    "wick",
    "wood",
    "works",
    "worth",
    "yard",
]
ORG_KINDS = (
    "Airlines",
    "Analytics",
    "Bank",
    "Building Society",
    "Business School",
    "Chemicals",
    "City Council",
    "Clinics",
    "College",
    "Consulting",
    "Energy",
    "Engineering",
    "Foods",
    "Foundation",
    "Group",
    "Health Trust",
    "Insurance",
    "Institute",
    "Labs",
    "Logistics",
    "Media",
    "Motors",
    "Partners",
    "Pharma",
    "Rail",
    "Research",
    "Retail",
    "Shipping",
    "Software",
    "Steel",
    "Systems",
    "Telecom",
    "Textiles",
    "University",
    "Water",
)
