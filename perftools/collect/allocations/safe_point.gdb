# What gdb does in a worker, in place of memray's own script (memray 1.20, commands/_attach.gdb).
#
# No function of the worker's is called before one of its threads stands at the start of a function that CPython calls
# with the GIL held. gdb attaches wherever a thread happens to be. To pass a string to a function, it calls malloc in the
# worker; where the thread holds the lock of malloc's arena at that moment, it waits for itself, for ever. memray's
# script passes one right after attaching, and its breakpoints in malloc and free also stop inside the dynamic loader.
#
# memray reads what is printed here: the sentences and SUCCESS are its own. It sets $libpath, $rtld_now and $port.

p "MEMRAY: Attached to process."
set unwindonsignal on
sharedlibrary libc
sharedlibrary libdl
sharedlibrary musl
sharedlibrary libpython

p "MEMRAY: Checking if process is Python 3.7+."
p PyMem_Malloc
p PyErr_CheckSignals
p "MEMRAY: Process is Python 3.7+."

# The main thread comes to PyCallable_Check between two instructions. Allocates nothing, and passes no string.
call (int)Py_AddPendingCall(&PyCallable_Check, (void*)0)

b PyMem_Malloc
b PyMem_Calloc
b PyMem_Realloc
b PyMem_Free
b PyErr_CheckSignals
b PyCallable_Check
commands 1-6
    delete breakpoints
    call (void*)dlopen($libpath, $rtld_now)
    p (char*)dlerror()
    eval "sharedlibrary %s", $libpath
    p (int)memray_spawn_client($port) ? "FAILURE" : "SUCCESS"
end
continue
