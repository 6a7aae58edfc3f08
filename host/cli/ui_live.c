/* ui_live.c - the lines that are redrawn in place: one write per redraw, no wider and no higher than the screen. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/text.h"
#include "cli/ui.h"

#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"

static volatile sig_atomic_t quit_fd = -1;
static struct sigaction quit_before;

/* Ctrl-\ ends the process as ever, but not the terminal's cursor. */
static void
on_quit(int sig)
{
	ssize_t sent = write(quit_fd, SHOW_CURSOR, sizeof(SHOW_CURSOR) - 1);

	(void)sent;
	raise(sig); /* the default by now, let through when this returns */
}

void
ui_live_begin(struct ui *ui)
{
	struct sigaction quit = {.sa_handler = on_quit, .sa_flags = (int)SA_RESETHAND};

	quit_fd = fileno(ui->to);
	sigemptyset(&quit.sa_mask);
	sigaction(SIGQUIT, NULL, &quit_before);
	if (quit_before.sa_handler == SIG_DFL)
		sigaction(SIGQUIT, &quit, NULL);
}

void
ui_live_end(void)
{
	sigaction(SIGQUIT, &quit_before, NULL);
}

static void
screen_size(FILE *to, size_t *columns, int *rows)
{
	struct winsize w;
	int known = ioctl(fileno(to), TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;

	*columns = known ? w.ws_col : 80;
	*rows = known ? w.ws_row : 24;
}

/* Everything of a redraw goes out at once, so that nothing flickers. */
static void
send_out(struct ui *ui)
{
	const char *p = buf_str(&ui->out);
	size_t n = ui->out.len;

	fflush(ui->to);
	while (n > 0) {
		ssize_t sent = write(fileno(ui->to), p, n);

		if (sent < 0 && errno != EINTR)
			break;
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
	}
	buf_reset(&ui->out);
}

/* The cursor to the first of our lines; what stands from there on is erased. */
static void
go_up(struct ui *ui)
{
	if (ui->lines > 0)
		buf_addf(&ui->out, "\033[%dA", ui->lines);
	buf_adds(&ui->out, "\r\033[J");
	ui->lines = 0;
}

static void
add_stream(struct ui *ui, size_t i, size_t columns)
{
	const struct sync_stream_report *s = &ui->report->streams[i];
	struct buf line;

	buf_init(&line, 4096);
	text_fit(&line, s->name, ui_name_width(ui), 0);
	ui_numbers(&line, s, clock_steady_us());
	ui_waiting(&line, s, 0);
	buf_adds(&ui->out, ui->colors ? "\033[36m" : "");
	text_fit(&ui->out, buf_str(&line), columns - 1, 0);
	buf_adds(&ui->out, ui->colors ? "\033[0m\n" : "\n");
	buf_fini(&line);
	ui->lines++;
}

void
ui_live_draw(struct ui *ui)
{
	const struct sync_report *r = ui->report;
	size_t columns, hidden = 0;
	int rows;

	screen_size(ui->to, &columns, &rows);
	if (!ui->cursor_hidden)
		buf_adds(&ui->out, HIDE_CURSOR);
	ui->cursor_hidden = 1;
	go_up(ui);
	for (size_t i = 0; i < r->nstreams; i++) {
		if (r->streams[i].started_us == 0 || r->streams[i].ended_us != 0)
			continue;
		if (ui->lines < rows - 3)
			add_stream(ui, i, columns);
		else
			hidden++;
	}
	if (hidden > 0) {
		buf_addf(&ui->out, "and %zu more\n", hidden);
		ui->lines++;
	}
	send_out(ui);
}

void
ui_live_clear(struct ui *ui)
{
	if (ui->lines > 0)
		go_up(ui);
	if (ui->cursor_hidden)
		buf_adds(&ui->out, SHOW_CURSOR);
	ui->cursor_hidden = 0;
	send_out(ui);
}
