"""A Telegram of our own: the Bot API over HTTP, the people who write to the bot, and the page that shows them.

Newcomers meet the bot here and every test runs against it. It knows nothing of the bot's own rooms, keeps nothing on
disk, and is no place for real people: every word in it can be read by whoever opens the page.
"""
