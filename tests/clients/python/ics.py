"""Reads a calendar as calendar programs do, and says what is in it.

    python ics.py < question.json > events.json

The question is {"calendar": the document}. One object an event: {"uid", "summary", "description", "category", "sequence", "changed",
"url", "zone", "start", "end", "times", "whole_day"}; instants and days are ISO. "zone" is null for whole days, "times" are the
begins of all occurrences in UTC, as the rule and its exceptions say.
"""

import datetime
import json
import sys
import zoneinfo

from dateutil.rrule import rrulestr
from icalendar import Calendar


def times(component, start):
    """Begins of all occurrences."""
    if "RRULE" not in component:
        return [start]
    rule = component["RRULE"].to_ical().decode()
    listed = component.get("EXDATE", [])
    listed = listed if isinstance(listed, list) else [listed]
    left_out = {moment.dt for dates in listed for moment in dates.dts}
    if not isinstance(start, datetime.datetime):
        begin = datetime.datetime.combine(start, datetime.time())
        return [begin.date() for begin in rrulestr(rule, dtstart=begin) if begin.date() not in left_out]
    return [begin for begin in rrulestr(rule, dtstart=start) if begin not in left_out]


def told(moment):
    """A day as it is, an instant in UTC."""
    if isinstance(moment, datetime.datetime):
        return moment.astimezone(datetime.timezone.utc).isoformat()
    return moment.isoformat()


def event(component):
    """What programs show of an event; what a calendar must have and has not ends this program with an error."""
    start, end = component.decoded("DTSTART"), component.decoded("DTEND")
    assert start < end, "an event ends after it begins"
    assert component.decoded("DTSTAMP") == component.decoded("LAST-MODIFIED")
    whole_day = not isinstance(start, datetime.datetime)
    return {
        "uid": str(component["UID"]),
        "summary": str(component["SUMMARY"]),
        "description": str(component.get("DESCRIPTION", "")),
        "category": component["CATEGORIES"].to_ical().decode(),
        "sequence": int(component["SEQUENCE"]),
        "changed": told(component.decoded("LAST-MODIFIED")),
        "url": str(component["URL"]),
        "zone": None if whole_day else str(start.tzinfo),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "times": [told(moment) for moment in times(component, start)],
        "whole_day": whole_day,
    }


def check_zone(component):
    """The zone as the document describes it is the zone that machines know by its name."""
    known = zoneinfo.ZoneInfo(str(component["TZID"]))
    described = component.to_tz(lookup_tzid=False)
    noon = datetime.datetime(2026, 12, 1, 12)
    for days in range(396):
        moment = noon + datetime.timedelta(days=days)
        ours, theirs = moment.replace(tzinfo=described).utcoffset(), moment.replace(tzinfo=known).utcoffset()
        assert ours == theirs, f"{moment}: {ours} is not {theirs}"


def main():
    """Lists the events of the calendar in the question."""
    calendar = Calendar.from_ical(json.load(sys.stdin)["calendar"])
    for name in ["VERSION", "PRODID"]:
        assert isinstance(calendar[name], str), f"{name} is said once"
    assert calendar["VERSION"] == "2.0"
    assert not calendar.errors, calendar.errors
    zones = calendar.walk("VTIMEZONE")
    assert len(zones) == 1, "one zone"
    check_zone(zones[0])
    uids = [str(component["UID"]) for component in calendar.walk("VEVENT")]
    assert len(uids) == len(set(uids)), "a UID names one event"
    json.dump([event(component) for component in calendar.walk("VEVENT")], sys.stdout)


if __name__ == "__main__":
    main()
