/* A disk that needs no flushing: fsync and fdatasync say that all is well, and do nothing. With it beside a run as it
 * is, the difference is what it costs that a power cut loses nothing.
 *
 *     cc -O2 -shared -fPIC -o nosync.so nosync.c && LD_PRELOAD=./nosync.so baileys-cleanup ...
 */

int fsync(int file)
{
	(void)file;
	return 0;
}

int fdatasync(int file)
{
	(void)file;
	return 0;
}
