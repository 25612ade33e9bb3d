! A tank that a pump fills and that empties through a hole, as compiled code in Fortran:
!
!   area * level' = pump * max(voltage, 0) - hole * sqrt(2 g max(level, 0))
!
!   gfortran -O3 -march=native -fPIC -shared -o libtank.so plugins/examples/tank.f90
module tank
  use, intrinsic :: iso_c_binding
  implicit none

  type, bind(c) :: quantity
    type(c_ptr) :: name = c_null_ptr, unit = c_null_ptr, doc = c_null_ptr
    real(c_double) :: value = 0, lower = 0, upper = 0, scale = 0
  end type

  type, bind(c) :: list
    type(c_ptr) :: of = c_null_ptr
    integer(c_size_t) :: count = 0
  end type

  type, bind(c) :: lanes_block
    integer(c_size_t) :: lanes
    type(c_ptr) :: time, period, states, memory, inputs, parameters
  end type

  type, bind(c) :: plugin
    integer(c_int32_t) :: version = 1, size = 0, kind = 1, flags = 0
    type(c_ptr) :: name = c_null_ptr, summary = c_null_ptr, source = c_null_ptr
    type(list) :: states, memory, inputs, parameters, outputs
    type(c_funptr) :: rates = c_null_funptr, outputs_of = c_null_funptr, update = c_null_funptr, step = c_null_funptr
    type(c_funptr) :: open = c_null_funptr, close = c_null_funptr
  end type

  character(kind=c_char, len=*), parameter :: end = c_null_char
  character(kind=c_char, len=16), target, save :: names(7) = [character(kind=c_char, len=16) :: &
    'level' // end, 'voltage' // end, 'area' // end, 'hole' // end, 'pump' // end, 'gravity' // end, 'tank' // end]
  character(kind=c_char, len=16), target, save :: units(6) = [character(kind=c_char, len=16) :: &
    'm' // end, 'V' // end, 'm^2' // end, 'm^2' // end, 'm^3/(V s)' // end, 'm/s^2' // end]
  type(quantity), target, save :: quantities(6)
  type(plugin), target, save :: table

contains

  subroutine rates(instance, block, results) bind(c)
    type(c_ptr), value :: instance ! none: neither open nor close
    type(lanes_block), intent(in) :: block
    type(c_ptr), intent(in) :: results(*)
    real(c_double), pointer :: level(:), voltage(:), area(:), hole(:), pump(:), gravity(:), rate(:)
    integer(c_size_t) :: i
    call column(block%states, 1, level)
    call column(block%inputs, 1, voltage)
    call column(block%parameters, 1, area)
    call column(block%parameters, 2, hole)
    call column(block%parameters, 3, pump)
    call column(block%parameters, 4, gravity)
    call c_f_pointer(results(1), rate, [block%lanes])
    do i = 1, block%lanes
      rate(i) = (pump(i) * max(voltage(i), 0d0) - hole(i) * sqrt(2 * gravity(i) * max(level(i), 0d0))) / area(i)
    end do
  contains
    subroutine column(columns, place, numbers)
      type(c_ptr), intent(in) :: columns
      integer, intent(in) :: place
      real(c_double), pointer, intent(out) :: numbers(:)
      type(c_ptr), pointer :: all(:)
      call c_f_pointer(columns, all, [place])
      call c_f_pointer(all(place), numbers, [block%lanes])
    end subroutine
  end subroutine

  function entry() result(at) bind(c, name='gainswarm_plugin_entry')
    type(c_ptr) :: at
    integer :: k
    do k = 1, 6
      quantities(k)%name = c_loc(names(k))
      quantities(k)%unit = c_loc(units(k))
    end do
    quantities(1)%value = 0.1d0
    quantities(2)%upper = 10
    quantities(3:6)%value = [28d-4, 0.071d-4, 3.33d-6, 9.81d0]
    quantities(3:6)%lower = [1d-6, 1d-9, 1d-9, 0d0]
    quantities(3:6)%upper = [1d4, 1d2, 1d3, 1d2]
    table%size = int(c_sizeof(table), c_int32_t)
    table%name = c_loc(names(7))
    table%states = list(c_loc(quantities(1)), 1)
    table%inputs = list(c_loc(quantities(2)), 1)
    table%parameters = list(c_loc(quantities(3)), 4)
    table%rates = c_funloc(rates)
    at = c_loc(table)
  end function

end module
