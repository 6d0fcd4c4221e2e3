# Cleans the auth folders of Baileys every night at 03:00, once the # before the last line is gone.
#
# Set the user first (it stands before the command): the one the bot runs as, the owner of the sessions root.
# What the line does is explained in /usr/share/doc/baileys-cleanup/examples/crontab.example.
# Use this or baileys-cleanup.timer, not both.

SHELL=/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
MAILTO=root

#0 3 * * * baileys /usr/bin/timeout --kill-after=2m 2h /usr/bin/baileys-cleanup --quiet --sessions-root /opt/ai-admin/baileys_sessions
