"""Intents and menus written by hand, with the key that is right ("-": none of the options serves)."""

from __future__ import annotations

MENUS: dict[str, str] = {
    "telecom": "for sales press one for billing and payments press two for technical support press three to "
    "cancel your service press four for all other questions press zero",
    "bank": "press one for account balances press two for recent transactions press three to report a "
    "lost or stolen card press four for loans and mortgages press five to reset your online "
    "banking password",
    "airline": "to book a new flight press one to change or cancel a flight press two for lost baggage press "
    "three for frequent flyer miles press four to hear these options again press the star key",
    "insurance": "to report an accident or make a claim press one for a new policy press two for billing press "
    "three for roadside assistance press four",
    "clinic": "to make or change an appointment press one for test results press two for the pharmacy press "
    "three for medical records press four to speak with a nurse press five",
    "utility": "to report a power outage or a gas leak press one to start or stop service press two for "
    "questions about your bill press three for meter readings press four",
    "shop": "for the status of an order press one for returns and refunds press two for product "
    "information press three for store hours and locations press four",
    "internet": "for help with your internet service press one for help with your telephone press two for "
    "help with your television press three to return to the main menu press star",
    "super": "to establish a sales partnership press one to speak with a customer advocate press two for "
    "accounting and other receivables press three for a company directory press four for an "
    "operator press zero",
    "government": "for property taxes press one for building permits press two for trash and recycling "
    "collection press three for parking tickets press four for the clerk's office press five",
    "hotel": "for reservations press one for group bookings and events press two for the front desk press "
    "three for billing inquiries press four",
    "university": "for admissions press one for financial aid press two for the registrar press three for "
    "campus housing press four for the library press five",
}

CASES: tuple[tuple[str, str, str], ...] = (
    ("telecom", "i was charged twice on my invoice", "2"),
    ("telecom", "my internet is down", "3"),
    ("telecom", "cancel my contract", "4"),
    ("telecom", "i want to buy a new phone plan", "1"),
    ("telecom", "pay my bill", "2"),
    ("telecom", "the router keeps dropping the connection", "3"),
    ("telecom", "talk to a person", "0"),
    ("telecom", "dispute a late fee", "2"),
    ("telecom", "end my subscription", "4"),
    ("telecom", "upgrade to a faster package", "1"),
    ("bank", "how much money do i have", "1"),
    ("bank", "my debit card was stolen", "3"),
    ("bank", "i do not recognize a payment last week", "2"),
    ("bank", "refinance my house", "4"),
    ("bank", "i am locked out of the website", "5"),
    ("bank", "i lost my wallet", "3"),
    ("bank", "forgot my login", "5"),
    ("bank", "ask about a recent transaction", "2"),
    ("airline", "my suitcase did not arrive", "3"),
    ("airline", "change my flight", "2"),
    ("airline", "cancel my ticket", "2"),
    ("airline", "buy a ticket to boston", "1"),
    ("airline", "my loyalty points are missing", "4"),
    ("airline", "rebook me on a later plane", "2"),
    ("insurance", "my car was hit in a parking lot", "1"),
    ("insurance", "i have a flat tire", "4"),
    ("insurance", "get a quote for home insurance", "2"),
    ("insurance", "question about my premium payment", "3"),
    ("insurance", "make a claim after an accident", "1"),
    ("insurance", "my car needs a tow", "4"),
    ("clinic", "see a doctor next week", "1"),
    ("clinic", "refill my medication", "3"),
    ("clinic", "get the results of my blood work", "2"),
    ("clinic", "reschedule my visit", "1"),
    ("clinic", "i need a copy of my chart", "4"),
    ("clinic", "i have a fever and want advice", "5"),
    ("utility", "the lights went out", "1"),
    ("utility", "i smell gas", "1"),
    ("utility", "i am moving to a new apartment", "2"),
    ("utility", "my bill is too high", "3"),
    ("utility", "submit my meter reading", "4"),
    ("shop", "where is my package", "1"),
    ("shop", "i want my money back", "2"),
    ("shop", "are you open on sunday", "4"),
    ("shop", "send back a pair of shoes", "2"),
    ("shop", "does this lamp come in blue", "3"),
    ("internet", "my wifi is slow", "1"),
    ("internet", "no dial tone", "2"),
    ("internet", "some channels are missing", "3"),
    ("super", "ask accounting about an invoice", "3"),
    ("super", "talk to a customer advocate about my order", "2"),
    ("super", "become a sales partner", "1"),
    ("super", "i need a real person", "0"),
    ("government", "they did not pick up my garbage", "3"),
    ("government", "contest a parking fine", "4"),
    ("government", "i want to build a garage", "2"),
    ("hotel", "book a room for friday", "1"),
    ("hotel", "plan a wedding for eighty guests", "2"),
    ("hotel", "a wrong amount on my credit card statement", "4"),
    ("university", "apply for next fall", "1"),
    ("university", "scholarship question", "2"),
    ("university", "get a transcript of my grades", "3"),
    ("university", "i need a dorm room", "4"),
    ("bank", "order a pizza", "-"),
    ("airline", "fix my washing machine", "-"),
    ("internet", "apply for a passport", "-"),
)
