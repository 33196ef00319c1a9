"""How many items the site has; every benchmark writes its own number here."""

COUNT = 1000
