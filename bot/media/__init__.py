"""What is done to a video file: check that it is one, take a still of it, and re-encode it to a size.

Stills of several takes are put together on a contact sheet, which Pillow draws: FFmpeg, as PyAV has it, writes no text.
Charts of use are drawn here as well, by Matplotlib: it is too large for the bot, and what it writes are people's names.

Files come from outside, so nothing here trusts them. FFmpeg (inside PyAV) opens local MP4, MOV, WebM and Matroska files
with the usual codecs and nothing else: no playlist, no other file, no address. And it runs in a process of its own,
limited in memory and time: a file of 77 kB can make it take 3 GB by what its index claims, and a crash in a decoder
must not end the bot. That process is walled in, too (``wall``), should a file take it over.

``worker`` and ``process`` are the bot's side. They import neither PyAV nor Pillow nor Matplotlib, which saves the bot
75 MB and 2 s; the process imports nothing of theirs, which saves it 12 MB. ``__main__`` is the process's: ``probing``,
``stills``, ``contact_sheets``, ``charts`` and ``fitting`` do the work there. What plays is told by ``playability``;
what doesn't is written anew (``making``).
"""
