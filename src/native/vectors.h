// Vectors of WIDTH numbers, and masks of as many lanes, in the words of this processor.
//
// Only what IEEE 754 defines exactly is here, so that every processor and compiler gives the same bits; NaN compares as false.

#include <stdint.h>

#if WIDTH == 8 && defined(__AVX512F__) && defined(__AVX512DQ__)

#include <immintrin.h>
typedef __m512d v;
typedef __mmask8 m;
typedef uint64_t u __attribute__((vector_size(64)));
#define splat(x) _mm512_set1_pd(x)
#define fma_(a, b, c) _mm512_fmadd_pd(a, b, c)
#define fms_(a, b, c) _mm512_fmsub_pd(a, b, c)
#define fnma_(a, b, c) _mm512_fnmadd_pd(a, b, c)
#define sqrt_(a) _mm512_sqrt_pd(a)
#define floor_(a) _mm512_roundscale_pd(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define round_(a) _mm512_roundscale_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define min_(a, b) _mm512_min_pd(b, a)
#define max_(a, b) _mm512_max_pd(b, a)
#define lt(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define le(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ)
#define eq(a, b) _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ)
#define ne(a, b) _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ)
#define negative_(a) _mm512_movepi64_mask((__m512i)(a))
#define odd_(a) _mm512_test_epi64_mask((__m512i)(a), _mm512_set1_epi64(1))
#define and_(p, q) ((m)((p) & (q)))
#define or_(p, q) ((m)((p) | (q)))
#define not_(p) ((m)~(p))
#define select(p, a, b) _mm512_mask_blend_pd(p, b, a)
#define bits_(p) ((uint64_t)(p))

#elif WIDTH == 4 && defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>
typedef __m256d v;
typedef __m256d m;
typedef uint64_t u __attribute__((vector_size(32)));
typedef int64_t i_ __attribute__((vector_size(32)));
#define splat(x) _mm256_set1_pd(x)
#define fma_(a, b, c) _mm256_fmadd_pd(a, b, c)
#define fms_(a, b, c) _mm256_fmsub_pd(a, b, c)
#define fnma_(a, b, c) _mm256_fnmadd_pd(a, b, c)
#define sqrt_(a) _mm256_sqrt_pd(a)
#define floor_(a) _mm256_floor_pd(a)
#define round_(a) _mm256_round_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define min_(a, b) _mm256_min_pd(b, a)
#define max_(a, b) _mm256_max_pd(b, a)
#define lt(a, b) _mm256_cmp_pd(a, b, _CMP_LT_OQ)
#define le(a, b) _mm256_cmp_pd(a, b, _CMP_LE_OQ)
#define eq(a, b) _mm256_cmp_pd(a, b, _CMP_EQ_OQ)
#define ne(a, b) _mm256_cmp_pd(a, b, _CMP_NEQ_UQ)
#define negative_(a) ((m)((i_)(a) < 0))
#define odd_(a) ((m)(((a) & 1) == 1))
#define and_(p, q) _mm256_and_pd(p, q)
#define or_(p, q) _mm256_or_pd(p, q)
#define not_(p) ((m)~(u)(p))
#define select(p, a, b) _mm256_blendv_pd(b, a, p)
#define bits_(p) ((uint64_t)_mm256_movemask_pd(p))

#elif WIDTH == 2

typedef double v __attribute__((vector_size(16)));
typedef uint64_t u __attribute__((vector_size(16)));
typedef int64_t m __attribute__((vector_size(16)));
#define splat(x) ((v){x, x})
#ifdef __aarch64__
#include <arm_neon.h>
static inline v fma_(v a, v b, v c) { return (v)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b); }
#else
static inline v fma_(v a, v b, v c) {
    return (v){__builtin_fma(a[0], b[0], c[0]), __builtin_fma(a[1], b[1], c[1])};
}
#endif
#define fms_(a, b, c) fma_(a, b, -(c))
#define fnma_(a, b, c) fma_(-(a), b, c)
static inline v sqrt_(v a) { return (v){__builtin_sqrt(a[0]), __builtin_sqrt(a[1])}; }
static inline v floor_(v a) { return (v){__builtin_floor(a[0]), __builtin_floor(a[1])}; }
static inline v round_(v a) { return (v){__builtin_rint(a[0]), __builtin_rint(a[1])}; }
static inline v select(m p, v a, v b) { return (v)(((u)a & (u)p) | ((u)b & ~(u)p)); }
#define lt(a, b) ((a) < (b))
#define le(a, b) ((a) <= (b))
#define eq(a, b) ((a) == (b))
#define ne(a, b) ((a) != (b))
static inline v min_(v a, v b) { return select(lt(b, a), b, a); }
static inline v max_(v a, v b) { return select(lt(a, b), b, a); }
#define negative_(a) ((m)(a) < 0)
#define odd_(a) (((a) & 1) == 1)
#define and_(p, q) ((p) & (q))
#define or_(p, q) ((p) | (q))
#define not_(p) (~(p))
static inline uint64_t bits_(m p) { return (uint64_t)((p[0] & 1) | (p[1] & 2)); }

#else
#error "the compiler knows no vectors of so many lanes"
#endif

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define EVERY ((UINT64_C(1) << WIDTH) - 1)
#define gt(a, b) lt(b, a)
#define ge(a, b) le(b, a)
#define abs_(a) ((v)((u)(a) & ~(UINT64_C(1) << 63)))
#define number_(p) select(p, splat(1.0), splat(0.0))
#define truth_(a) lt(splat(0.0), abs_(a))
