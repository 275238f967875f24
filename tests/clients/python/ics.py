"""Reads a calendar as calendar programs do, and says what is in it.

    python ics.py < question.json > events.json

The question is {"calendar": the document}. One object an event: {"uid", "summary", "sequence", "url", "start", "end", "whole_day"}; instants and days are ISO.
"""

import datetime
import json
import sys

from icalendar import Calendar


def event(component):
    """What programs show of an event; what a calendar must have and has not ends this program with an error."""
    start, end = component.decoded("DTSTART"), component.decoded("DTEND")
    component.decoded("DTSTAMP")
    return {
        "uid": str(component["UID"]),
        "summary": str(component["SUMMARY"]),
        "sequence": int(component["SEQUENCE"]),
        "url": str(component["URL"]),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "whole_day": not isinstance(start, datetime.datetime),
    }


def main():
    """Lists the events of the calendar in the question."""
    calendar = Calendar.from_ical(json.load(sys.stdin)["calendar"])
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"], "a calendar says what it is and who wrote it"
    assert not calendar.errors, calendar.errors
    json.dump([event(component) for component in calendar.walk("VEVENT")], sys.stdout)


if __name__ == "__main__":
    main()
