NAME   = @NAME@
CFLAGS = -O2 -g -Wall -Wextra -fstack-protector-strong
SDK    = $(shell PKG_CONFIG_PATH="$$PKG_CONFIG_PATH:$$(dirname "$$(command -v abhost)")/../lib/pkgconfig" \
	pkg-config --cflags --libs abhost-sdk)
$(NAME).so: $(NAME).c
	$(CC) -std=c11 -fPIC -fvisibility=hidden $(CFLAGS) -shared $< $(SDK) -Wl,-z,now $(LDFLAGS) -o $@
test install: $(NAME).so
	abhost $@ $<
.PHONY: test install clean
clean:
	rm -f $(NAME).so
