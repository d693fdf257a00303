"""Countries by their ISO 3166-1 code, languages by their BCP 47 code: names for people, flags, codes from names.

The table is that of the tz database (``iso3166.tab``, public domain) with a few names shortened. A country that is in
no table is shown as it was written: people may be from anywhere.
"""

from __future__ import annotations

import functools
import unicodedata

_COUNTRIES = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua & Barbuda; AI Anguilla; AL Albania; AM Armenia;
AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX Åland Islands;
AZ Azerbaijan; BA Bosnia & Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria; BH
Bahrain; BI Burundi; BJ Benin; BL St Barthélemy; BM Bermuda; BN Brunei; BO Bolivia; BQ Caribbean Netherlands; BR
Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize; CA Canada; CC Cocos
Islands; CD Congo (Kinshasa); CF Central African Rep.; CG Congo (Brazzaville); CH Switzerland; CI Côte d'Ivoire;
CK Cook Islands; CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cabo Verde; CW
Curaçao; CX Christmas Island; CY Cyprus; CZ Czechia; DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO
Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET
Ethiopia; FI Finland; FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB
United Kingdom; GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM
Gambia; GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece; GS South Georgia; GT Guatemala; GU Guam; GW
Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard & McDonald Islands; HN Honduras; HR Croatia; HT Haiti; HU
Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; IQ
Iraq; IR Iran; IS Iceland; IT Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH
Cambodia; KI Kiribati; KM Comoros; KN St Kitts & Nevis; KP North Korea; KR South Korea; KW Kuwait; KY Cayman
Islands; KZ Kazakhstan; LA Laos; LB Lebanon; LC St Lucia; LI Liechtenstein; LK Sri Lanka; LR Liberia; LS
Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF
Saint Martin (French); MG Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia;
MO Macao; MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV
Maldives; MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF Norfolk
Island; NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM
Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland; PM
St Pierre & Miquelon; PN Pitcairn; PR Puerto Rico; PS Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar;
RE Réunion; RO Romania; RS Serbia; RU Russia; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD
Sudan; SE Sweden; SG Singapore; SH St Helena; SI Slovenia; SJ Svalbard & Jan Mayen; SK Slovakia; SL Sierra
Leone; SM San Marino; SN Senegal; SO Somalia; SR Suriname; SS South Sudan; ST São Tomé & Príncipe; SV El
Salvador; SX Sint Maarten; SY Syria; SZ Eswatini; TC Turks & Caicos Is; TD Chad; TF French Southern Territories;
TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL Timor-Leste; TM Turkmenistan; TN Tunisia; TO Tonga; TR
Türkiye; TT Trinidad & Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM US Outlying Islands;
US United States; UY Uruguay; UZ Uzbekistan; VA Vatican City; VC St Vincent & the Grenadines; VE Venezuela; VG
British Virgin Islands; VI US Virgin Islands; VN Vietnam; VU Vanuatu; WF Wallis & Futuna; WS Samoa; YE Yemen; YT
Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""

# As people call them, where that is not how the table begins.
_ALSO = {
    "uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "usa": "US",
    "united states of america": "US", "america": "US", "holland": "NL", "the netherlands": "NL", "turkey": "TR",
    "czech republic": "CZ", "korea": "KR", "republic of korea": "KR", "burma": "MM", "ivory coast": "CI",
    "uae": "AE", "drc": "CD", "deutschland": "DE", "osterreich": "AT", "schweiz": "CH", "suisse": "CH",
    "espana": "ES", "italia": "IT", "brasil": "BR", "polska": "PL", "sverige": "SE", "norge": "NO", "danmark": "DK",
    "suomi": "FI", "belgie": "BE", "belgique": "BE", "nederland": "NL", "swaziland": "SZ", "macedonia": "MK",
    "cape verde": "CV", "vatican": "VA", "macau": "MO",
}  # fmt: skip

_LANGUAGES = """
af Afrikaans; am Amharic; ar Arabic; az Azerbaijani; be Belarusian; bg Bulgarian; bn Bengali; bs Bosnian; ca Catalan;
cs Czech; cy Welsh; da Danish; de German; el Greek; en English; eo Esperanto; es Spanish; et Estonian; eu Basque;
fa Persian; fi Finnish; fil Filipino; fr French; ga Irish; gl Galician; gu Gujarati; ha Hausa; he Hebrew; hi Hindi;
hr Croatian; hu Hungarian; hy Armenian; id Indonesian; ig Igbo; is Icelandic; it Italian; ja Japanese; ka Georgian;
kk Kazakh; km Khmer; kn Kannada; ko Korean; ky Kyrgyz; lo Lao; lt Lithuanian; lv Latvian; mk Macedonian; ml Malayalam;
mn Mongolian; mr Marathi; ms Malay; mt Maltese; my Burmese; nb Norwegian; ne Nepali; nl Dutch; nn Norwegian (Nynorsk);
no Norwegian; pa Punjabi; pl Polish; ps Pashto; pt Portuguese; ro Romanian; ru Russian; si Sinhala; sk Slovak;
sl Slovenian; so Somali; sq Albanian; sr Serbian; sv Swedish; sw Swahili; ta Tamil; te Telugu; th Thai; tl Tagalog;
tr Turkish; uk Ukrainian; ur Urdu; uz Uzbek; vi Vietnamese; xh Xhosa; yo Yoruba; zh Chinese; zu Zulu
"""


def _table(text: str) -> dict[str, str]:
    """Code to name."""
    pairs = (entry.strip().partition(" ") for entry in " ".join(text.split()).split(";"))
    return {code: name for code, _, name in pairs}


@functools.cache
def countries() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code to the name in English."""
    return _table(_COUNTRIES)


@functools.cache
def languages() -> dict[str, str]:
    """Primary subtag (BCP 47) to the name in English."""
    return _table(_LANGUAGES)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(one for one in letters if not unicodedata.combining(one)).replace(".", "").split())


@functools.cache
def _codes() -> dict[str, str]:
    found = {_plain(name): code for code, name in countries().items()}
    return found | {code.lower(): code for code in countries()} | _ALSO


def code_of(country: str) -> str:
    """The code of a country that was written as a code or a name; "" for one that is in no table."""
    return _codes().get(_plain(country), "")


def country_name(country: str) -> str:
    """The name of a country that was written as a code or a name; as it was written when it is in no table."""
    return countries().get(code_of(country), country)


def flag(country: str) -> str:
    """Two regional indicators (two cells) by the code; "" for a country that has none."""
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code_of(country))


def nearest(country: str) -> str:
    """The name that somebody may have meant; "" when none is near."""
    import difflib  # seldom needed

    near = difflib.get_close_matches(_plain(country), [_plain(name) for name in countries().values()], 1, 0.75)
    return countries()[_codes()[near[0]]] if near else ""


def language_name(tag: str) -> str:
    """``de-AT`` as German (AT); the tag itself when it is in no table."""
    primary, _, rest = tag.replace("_", "-").partition("-")
    name = languages().get(primary.lower())
    return tag if name is None else f"{name} ({rest})" if rest else name


def language_of(text: str) -> str:
    """The BCP 47 tag of a language that was written as a tag or a name; "" for what can be none."""
    wanted = _plain(text)
    for tag, name in languages().items():
        if wanted == _plain(name):
            return tag
    parts = text.strip().replace("_", "-").split("-")
    good = parts[0].isalpha() and 2 <= len(parts[0]) <= 3 and len(text) <= 35
    if not good or not all(part.isascii() and part.isalnum() and len(part) <= 8 for part in parts):
        return ""
    return "-".join([parts[0].lower(), *(part.upper() if len(part) == 2 else part for part in parts[1:])])
