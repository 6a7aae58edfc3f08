/* when.c - moments, as APIs write them, and durations.  Pure functions; years 1 to 9999. */
#include <stdlib.h>

#include "kit.h"

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)
#define DURATION_MAX \
	(INT64_C(400000000) * 1000000000) /* microseconds: more than all years there are */

static const char months[12][10] = {"January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December"};

/* A moment in pieces. */
struct civil {
	int year, month, day, hour, minute, second, micro;
	int offset; /* minutes east of UTC */
	int64_t epoch;
	int has_epoch;
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int year, int month)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970 of a date (the proleptic Gregorian calendar), counted in years that begin in March. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = floor_div(y, 400);
	int64_t yoe = y - era * 400, doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static struct civil
civil_of(int64_t us)
{
	int64_t days = floor_div(us, DAY), rest = us - days * DAY, era, doe, yoe, doy, mp;
	struct civil c = {0};

	days += 719468;
	era = floor_div(days, 146097);
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = (int)(yoe + era * 400 + (c.month <= 2));
	c.micro = (int)(rest % SECOND);
	rest /= SECOND;
	c.hour = (int)(rest / 3600);
	c.minute = (int)(rest / 60 % 60);
	c.second = (int)(rest % 60);
	return c;
}

static int
to_moment(const struct civil *c, int64_t *out)
{
	int64_t seconds;

	if (c->has_epoch) {
		*out = c->epoch;
		return 0;
	}
	if (c->year < 1 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
	    c->day > month_days(c->year, c->month) || c->hour > 23 || c->minute > 59 ||
	    c->second > 60)
		return -1;
	seconds = days_of(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
	    (c->minute - c->offset) * 60 + c->second;
	*out = seconds * SECOND + c->micro;
	return 0;
}

/* From least to most digits; the rest, or NULL. */
static const char *
take_digits(const char *p, int least, int most, int *out)
{
	int n = 0;

	for (*out = 0; n < most && p[n] >= '0' && p[n] <= '9'; n++)
		*out = *out * 10 + (p[n] - '0');
	return n < least ? NULL : p + n;
}

/* Digits of a fraction of a second, any number of them; what is below a microsecond is dropped. */
static const char *
take_fraction(const char *p, int *micro)
{
	int unit = 100000;
	const char *start = p;

	for (*micro = 0; *p >= '0' && *p <= '9'; p++, unit /= 10)
		*micro += (*p - '0') * unit;
	return p == start ? NULL : p;
}

/* "Z", "UTC", "+02:00", "+0200", "+02". */
static const char *
take_zone(const char *p, int *offset)
{
	int hours, minutes = 0, sign = *p == '-' ? -1 : 1;

	*offset = 0;
	if (*p == 'Z' || *p == 'z')
		return p + 1;
	if (strncmp(p, "UTC", 3) == 0 || strncmp(p, "GMT", 3) == 0)
		return p + 3;
	if (*p != '+' && *p != '-')
		return NULL;
	p = take_digits(p + 1, 2, 2, &hours);
	if (p != NULL && *p == ':')
		p = take_digits(p + 1, 2, 2, &minutes);
	else if (p != NULL && *p >= '0' && *p <= '9')
		p = take_digits(p, 2, 2, &minutes);
	*offset = sign * (hours * 60 + minutes);
	return p;
}

/* A whole or broken number of units of so many microseconds. */
static const char *
take_epoch(const char *p, int64_t unit, struct civil *c)
{
	int is_negative = *p == '-', micro = 0;
	const char *start = p += is_negative;

	for (c->epoch = 0; *p >= '0' && *p <= '9'; p++) {
		if (c->epoch > INT64_MAX / 100 / unit)
			return NULL;
		c->epoch = c->epoch * 10 + (*p - '0');
	}
	if (p == start)
		return NULL;
	c->epoch *= unit;
	if (*p == '.' && (p = take_fraction(p + 1, &micro)) != NULL)
		c->epoch += micro * unit / SECOND;
	c->epoch = is_negative ? -c->epoch : c->epoch;
	c->has_epoch = 1;
	return p;
}

static const char *
take_month(const char *p, int is_short, int *out)
{
	for (int m = 0; m < 12; m++) {
		size_t n = is_short ? 3 : strlen(months[m]);

		if (strncmp(p, months[m], n) == 0) {
			*out = m + 1;
			return p + n;
		}
	}
	return NULL;
}

enum directive {
	BAD,
	YEAR,
	YEAR2,
	MONTH,
	DATE,
	HOUR,
	MINUTE,
	SECONDS,
	MICROS,
	MILLIS,
	ZONE,
	MONTH_SHORT,
	MONTH_LONG,
	EPOCH_S,
	EPOCH_MS,
	EPOCH_US,
	EPOCH_FLOAT,
	PERCENT
};

/* Takes one directive, "%" passed; the longest name wins. */
static enum directive
take_directive(const char **p)
{
	static const struct {
		const char *name;
		enum directive is;
	} all[] = {{"epoch_microseconds", EPOCH_US}, {"s_as_float", EPOCH_FLOAT}, {"ms", EPOCH_MS},
	    {"_ms", MILLIS}, {"s", EPOCH_S}, {"Y", YEAR}, {"y", YEAR2}, {"m", MONTH}, {"d", DATE},
	    {"H", HOUR}, {"M", MINUTE}, {"S", SECONDS}, {"f", MICROS}, {"z", ZONE}, {"Z", ZONE},
	    {"b", MONTH_SHORT}, {"B", MONTH_LONG}, {"%", PERCENT}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t n = strlen(all[i].name);

		if (strncmp(*p, all[i].name, n) == 0) {
			*p += n;
			return all[i].is;
		}
	}
	return BAD;
}

static const char *
take_piece(const char *p, enum directive what, struct civil *c)
{
	switch (what) {
	case YEAR:
		return take_digits(p, 4, 4, &c->year);
	case YEAR2:
		p = take_digits(p, 2, 2, &c->year);
		c->year += c->year < 69 ? 2000 : 1900;
		return p;
	case MONTH:
		return take_digits(p, 1, 2, &c->month);
	case DATE:
		return take_digits(p, 1, 2, &c->day);
	case HOUR:
		return take_digits(p, 1, 2, &c->hour);
	case MINUTE:
		return take_digits(p, 1, 2, &c->minute);
	case SECONDS:
		return take_digits(p, 1, 2, &c->second);
	case MICROS:
	case MILLIS:
		return take_fraction(p, &c->micro);
	case ZONE:
		return take_zone(p, &c->offset);
	case MONTH_SHORT:
	case MONTH_LONG:
		return take_month(p, what == MONTH_SHORT, &c->month);
	case EPOCH_S:
	case EPOCH_FLOAT:
		return take_epoch(p, SECOND, c);
	case EPOCH_MS:
		return take_epoch(p, 1000, c);
	case EPOCH_US:
		return take_epoch(p, 1, c);
	default:
		return *p == '%' ? p + 1 : NULL;
	}
}

static int
parse_format(const char *p, const char *format, int64_t *out)
{
	struct civil c = {.year = 1970, .month = 1, .day = 1};

	while (*format != '\0' && p != NULL) {
		if (*format == '%') {
			format++;
			p = take_piece(p, take_directive(&format), &c);
		} else {
			p = *p == *format++ ? p + 1 : NULL;
		}
	}
	return p != NULL && *p == '\0' ? to_moment(&c, out) : -1;
}

/* A date, or date and time; without a zone it is UTC. */
static int
parse_iso(const char *p, int64_t *out)
{
	struct civil c = {.month = 1, .day = 1};

	p = take_digits(p, 4, 4, &c.year);
	if (p != NULL && *p == '-')
		p = take_digits(p + 1, 2, 2, &c.month);
	else
		return -1;
	if (p != NULL && *p == '-')
		p = take_digits(p + 1, 2, 2, &c.day);
	if (p != NULL && (*p == 'T' || *p == ' ' || *p == 't')) {
		p = take_digits(p + 1, 2, 2, &c.hour);
		p = p != NULL && *p == ':' ? take_digits(p + 1, 2, 2, &c.minute) : NULL;
		if (p != NULL && *p == ':')
			p = take_digits(p + 1, 2, 2, &c.second);
		if (p != NULL && (*p == '.' || *p == ','))
			p = take_fraction(p + 1, &c.micro);
		p = p == NULL ? NULL : p + (*p == ' ');
		if (p != NULL && *p != '\0')
			p = take_zone(p, &c.offset);
	}
	return p != NULL && *p == '\0' ? to_moment(&c, out) : -1;
}

int
when_parse(const char *text, const char *format, int64_t *out)
{
	return format == NULL ? parse_iso(text, out) : parse_format(text, format, out);
}

static void
add_piece(int64_t us, enum directive what, const struct civil *c, struct text *out)
{
	char piece[40];
	int64_t s = floor_div(us, SECOND);

	switch (what) {
	case YEAR:
		snprintf(piece, sizeof(piece), "%04d", c->year);
		break;
	case YEAR2:
		snprintf(piece, sizeof(piece), "%02d", c->year % 100);
		break;
	case MICROS:
		snprintf(piece, sizeof(piece), "%06d", c->micro);
		break;
	case MILLIS:
		snprintf(piece, sizeof(piece), "%03d", c->micro / 1000);
		break;
	case ZONE:
		snprintf(piece, sizeof(piece), "+0000");
		break;
	case MONTH_SHORT:
	case MONTH_LONG:
		snprintf(piece, sizeof(piece), "%.*s", what == MONTH_SHORT ? 3 : 9,
		    months[c->month - 1]);
		break;
	case EPOCH_S:
		snprintf(piece, sizeof(piece), "%lld", (long long)s);
		break;
	case EPOCH_FLOAT:
		snprintf(piece, sizeof(piece), "%s%lld.%06d", us < 0 ? "-" : "",
		    llabs((long long)us) / SECOND, (int)(llabs((long long)us) % SECOND));
		break;
	case EPOCH_MS:
		snprintf(piece, sizeof(piece), "%lld", (long long)floor_div(us, 1000));
		break;
	case EPOCH_US:
		snprintf(piece, sizeof(piece), "%lld", (long long)us);
		break;
	case PERCENT:
		snprintf(piece, sizeof(piece), "%%");
		break;
	default:
		snprintf(piece, sizeof(piece), "%02d",
		    what == MONTH	  ? c->month
			: what == DATE	  ? c->day
			: what == HOUR	  ? c->hour
			: what == MINUTE  ? c->minute
			: what == SECONDS ? c->second
					  : 0);
	}
	text_adds(out, piece);
}

void
when_format(int64_t us, const char *format, struct text *out)
{
	const struct civil c = civil_of(us);

	text_adds(out, "");
	while (*format != '\0') {
		if (*format != '%') {
			text_add(out, format++, 1);
			continue;
		}
		format++;
		add_piece(us, take_directive(&format), &c, out);
	}
}

void
when_format_iso(int64_t us, struct text *out)
{
	when_format(us, us % SECOND != 0 ? "%Y-%m-%dT%H:%M:%S.%fZ" : "%Y-%m-%dT%H:%M:%SZ", out);
}

int
when_is_format(const char *format)
{
	while ((format = strchr(format, '%')) != NULL) {
		format++;
		if (take_directive(&format) == BAD)
			return 0;
	}
	return 1;
}

int
when_is_number(const char *format)
{
	return strcmp(format, "%s") == 0 || strcmp(format, "%ms") == 0 ||
	    strcmp(format, "%epoch_microseconds") == 0 || strcmp(format, "%s_as_float") == 0;
}

/* One "30D"; the rest, or NULL. */
static const char *
take_part(const char *p, int in_time, struct duration *d)
{
	static const struct {
		char letter;
		int in_time, months;
		int64_t us;
	} units[] = {{'Y', 0, 12, 0}, {'M', 0, 1, 0}, {'W', 0, 0, 7 * DAY}, {'D', 0, 0, DAY},
	    {'H', 1, 0, 3600 * SECOND}, {'M', 1, 0, 60 * SECOND}, {'S', 1, 0, SECOND}};
	struct civil c = {0};
	int64_t count, broken;

	p = take_epoch(p, SECOND, &c); /* the number, in millionths */
	if (p == NULL || c.epoch < 0)
		return NULL;
	count = c.epoch / SECOND;
	broken = c.epoch % SECOND;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].letter != *p || units[i].in_time != in_time)
			continue;
		if (count > DURATION_MAX / (units[i].us + units[i].months * 30 * DAY))
			return NULL;
		d->us += count * units[i].us + broken * (units[i].us / SECOND);
		d->months += (int)count * units[i].months;
		return d->us <= DURATION_MAX && d->months <= 120000 ? p + 1 : NULL;
	}
	return NULL;
}

int
duration_parse(const char *p, struct duration *out)
{
	int in_time = 0, parts = 0;

	*out = (struct duration){0, 0};
	if (p == NULL || *p++ != 'P')
		return -1;
	while (p != NULL && *p != '\0') {
		if (*p == 'T' && !in_time) {
			in_time = 1;
			p++;
			continue;
		}
		p = take_part(p, in_time, out);
		parts++;
	}
	return p == NULL || parts == 0 ? -1 : 0;
}

int64_t
when_add(int64_t us, const struct duration *d, int sign)
{
	struct civil c = civil_of(us);
	int64_t rest = us - floor_div(us, DAY) * DAY, month;

	if (d->months != 0) {
		month = (int64_t)c.year * 12 + c.month - 1 + (int64_t)sign * d->months;
		month = month < 12 ? 12 : month > 9999 * 12 + 11 ? 9999 * 12 + 11 : month;
		c.year = (int)(month / 12);
		c.month = (int)(month % 12) + 1;
		if (c.day > month_days(c.year, c.month))
			c.day = month_days(c.year, c.month);
		us = days_of(c.year, c.month, c.day) * DAY + rest;
	}
	return us + sign * d->us;
}
