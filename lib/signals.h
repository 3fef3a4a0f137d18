/* signals - for what is exec'ed: as if nobody had touched them. */
#ifndef LIB_SIGNALS_H
#define LIB_SIGNALS_H

/* Every signal has its default action and none is blocked. Only calls that
 * may be made after vfork(). */
void signals_default(void);

#endif
