"""``django_urls.py`` written by django-distill: ``manage.py distill generate --output-directory OUT``."""

import sys

from django.conf import settings
from django.core.management import execute_from_command_line

settings.configure(ROOT_URLCONF="django_urls", INSTALLED_APPS=["django_distill"], ALLOWED_HOSTS=["*"])

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
