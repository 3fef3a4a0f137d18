/* The numbers of system calls: no driver comes to one. */
